import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { and, count, eq, isNull, sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import { activations } from '@/db/schema/activations'
import { automaticRenewals } from '@/db/schema/automatic-renewals'
import { sealedKeys } from '@/db/schema/handovers'
import { keys } from '@/db/schema/keys'
import { memberships } from '@/db/schema/organizations'
import { checkoutLines, checkouts } from '@/db/schema/payments'
import { reminders } from '@/db/schema/reminders'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import {
  askedOf,
  callsOf,
  countedDays,
  lastSeen,
  refusedCalls,
  refusedWithinWeek,
} from '@/lib/activations/calls'
import { quietInstances } from '@/lib/activations/contacts'
import {
  filesThatEnd,
  listOfflineFiles,
  offlineInstallation,
  offlineSummary,
} from '@/lib/activations/offline-files'
import {
  countQuestions,
  countUnlisted,
  openQuestions,
  questionNamed,
  questionsByKey,
} from '@/lib/activations/questions'
import { listActivity, peopleOfActivity } from '@/lib/audit/activity'
import { instanceTimeline, keyTimeline } from '@/lib/audit/queries'
import { now } from '@/lib/clock'
import { NotFound } from '@/lib/errors'
import { instanceDetail } from '@/lib/instances/detail'
import { addressesOf, lockAnyInstance, lockInstance, lockOriginal } from '@/lib/instances/edit'
import { endActivations } from '@/lib/instances/end-activations'
import { giveBackOthersKeys, othersKeys } from '@/lib/instances/others-keys'
import { countInstances, instanceNamed, listInstances, productionInstances } from '@/lib/instances/queries'
import { attention } from '@/lib/keys/attention'
import { forgetSealed } from '@/lib/keys/hand-over'
import { instanceCards } from '@/lib/keys/instance-cards'
import { lockKey } from '@/lib/keys/lock'
import { markSeen } from '@/lib/keys/note-seen'
import { countKeys, filterChoices, keySorts, listKeys, organizationKeys } from '@/lib/keys/queries'
import { revealKeys } from '@/lib/keys/reveal'
import { keysRevealedTo } from '@/lib/keys/revealed'
import { keyStates } from '@/lib/keys/rules'
import { keysThatCome, waitingKeys } from '@/lib/keys/waiting'
import { withdrawOpen } from '@/lib/organizations/invite'
import { endMembership, memberOf, ownerVerdict, setRole } from '@/lib/organizations/member'
import { countMembers, listMembers, openInvitations } from '@/lib/organizations/members'
import { membersWhoMay, timeZoneOf } from '@/lib/organizations/queries'
import { lockRequest } from '@/lib/organizations/request'
import { countJoinRequests, findRequest, joinRequests, trialRequests } from '@/lib/organizations/requests'
import { revokeTokensOf } from '@/lib/organizations/revoke-token'
import { isMember, lockMembers, roleIn } from '@/lib/organizations/role'
import { countWorkingTokens, listTokens, tokenNamed } from '@/lib/organizations/tokens'
import { staffOf, toldBy } from '@/lib/organizations/told'
import { nameOf } from '@/lib/payments/automatic/end'
import {
  changeAutomatic,
  findAutomatic,
  lastCharge,
  lastEnded,
  lockAutomatic,
  openAutomatic,
} from '@/lib/payments/automatic/queries'
import { listBuyable, wholeOffer } from '@/lib/payments/buying/buyable'
import { readShop } from '@/lib/payments/buying/shop'
import { currencyFor, currencyOf } from '@/lib/payments/currency'
import { failedPayments } from '@/lib/payments/failed-payments'
import { listInvoices } from '@/lib/payments/list-invoices'
import { lockAccount } from '@/lib/payments/lock-account'
import { listPayable } from '@/lib/payments/payable'
import { pickUpsOf } from '@/lib/payments/pick-ups'
import { findCheckout, hasCustomer, linesOf, openCheckouts } from '@/lib/payments/queries'
import { endReminders, openReminders, remindedTerms, reserveReminders } from '@/lib/payments/reminders'
import { renewalsOf } from '@/lib/payments/renewals'
import { endCheckout, lockCheckout } from '@/lib/payments/settle-checkout'
import { underWay } from '@/lib/payments/under-way'
import { accountManagersOf } from '@/lib/staff/queries'
import { staffRoleIn } from '@/lib/staff/role'
import { countingTerms, lockSubscription, subscriptionAt } from '@/lib/subscriptions/add-term'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import { doubtOf } from '@/lib/trials/doubt'
import { listTrialOffers, trialVerdict } from '@/lib/trials/offers'
import { findTrial, listTrials } from '@/lib/trials/queries'
import {
  byMember,
  bySystem,
  type Fixture,
  makeCatalog,
  makeOrganization,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { thingsOf } from '@/sandbox/test/orders'

const database = await productDatabase()
let own: Fixture
let other: Fixture
let theirs: Awaited<ReturnType<typeof thingsOf>>

beforeAll(async () => {
  await makeCatalog()
  // The other one first: of a read that asks for no organization it would be the first row.
  other = await makeOrganization('globex', 'America/New_York')
  own = await makeOrganization('acme')
  theirs = await thingsOf(database, other)
  const { keyId, subscriptionId } = await startSubscription(bySystem(other.organizationId), {
    productId: await productId(database, 'cloud'),
    instanceId: null,
  })
  await renewSubscription(bySystem(other.organizationId), { subscriptionId })
  await rowsOf(
    database,
    `insert into activations (id, organization_id, key_id, instance_id, installation_id, environment, exclusive, secret_hash,
       lease_ends_at, created_at, refreshed_at)
     values (gen_random_uuid(), $1, $2, $3, 'of-the-cloud', 'production', false, sha256('x'), now(), now(), now())`,
    [other.organizationId, keyId, theirs.instanceId],
  )
  await rowsOf(
    database,
    `with failed as (insert into checkouts (id, organization_id, begun_at, currency, amount, completed_at, ended_at, ended)
       values (gen_random_uuid(), $1, now(), 'eur', 12000, now(), now(), 'failed') returning id)
     insert into checkout_lines (id, organization_id, checkout_id, product_id, instance_id, price_id, amount, months, starts_at, ends_at, ended_at)
     select gen_random_uuid(), $1, failed.id, p.id, null, prices.id, 12000, 12, now(), now() + interval '1 year', now()
     from failed, products p join prices on prices.product_id = p.id and prices.currency = 'eur' where p.reference = 'cloud'`,
    [other.organizationId],
  )
  await revealKeys(byMember(other, 'owner'), { keyIds: [theirs.keyId], how: 'shown' })
  await rowsOf(
    database,
    `insert into questions (id, organization_id, key_id, kind, installation_id, refusal_code, first_at, last_at, calls, listed)
     values (gen_random_uuid(), $1, $2, 'installation', 'beyond-the-twenty', '7QF3X1', now(), now(), 1, false)`,
    [other.organizationId, theirs.keyId],
  )
  await rowsOf(
    database,
    `update trial_sign_ups set doubt = 'many_from_network' where organization_id = $1 and key_id is not null`,
    [other.organizationId],
  )
})

/** A read of an organization, and how many rows it found. */
type Read = (tx: OrganizationTx, organizationId: string) => Promise<number>

const orNone = (error: unknown) => {
  if (error instanceof NotFound) return 0
  throw error
}

const some = (found: Promise<unknown>) => found.then(() => 1, orNone)

const count1 = (found: unknown) => (found === undefined ? 0 : 1)

const isViewer = async (tx: OrganizationTx, personId: string) => {
  const viewer = and(eq(memberships.personId, personId), eq(memberships.role, 'viewer'))
  const [found] = await tx.select({ n: count() }).from(memberships).where(viewer)
  return found?.n ?? 0
}

/** Every read, and every lock and change by a filter, that takes an organization's ID, asked as widely as it can be. */
const reads: Record<string, Read> = {
  ...Object.fromEntries(
    [...keyStates, 'all' as const, 'current' as const].flatMap((state) =>
      keySorts.map((sort): [string, Read] => [
        `listKeys ${state} by ${sort}`,
        async (tx, organizationId) =>
          (await listKeys(tx, { organizationId, state }, { sort, size: 500 }, now())).rows.length,
      ]),
    ),
  ),
  'listKeys of an instance': async (tx, organizationId) => {
    const filter = { organizationId, state: 'all', instanceId: theirs.instanceId } as const
    return (await listKeys(tx, filter, { sort: 'until', size: 500 }, now())).rows.length
  },
  'listKeys by a search': async (tx, organizationId) => {
    const filter = { organizationId, state: 'all', search: 'desk' } as const
    return (await listKeys(tx, filter, { sort: 'until', size: 500 }, now())).rows.length
  },
  countKeys: async (tx, organizationId) => {
    const { keys, working, instances } = await countKeys(tx, organizationId, now())
    return keys + Math.abs(working) + instances
  },
  filterChoices: async (tx, organizationId) => {
    const { products, instances } = await filterChoices(tx, organizationId, theirs.instanceId, 60)
    return products.length + instances.length
  },
  attention: async (tx, organizationId) =>
    (await attention(tx, organizationId, 'Europe/Paris', new Date(now().getTime() + 5 * 86_400_000))).lines
      .length,
  instanceCards: async (tx, organizationId) =>
    (await instanceCards(tx, organizationId, { first: [theirs.instanceId], limit: 50 }, now())).cards.length,
  'instanceCards by a search': async (tx, organizationId) =>
    (await instanceCards(tx, organizationId, { limit: 50, search: 'globex' }, now())).cards.length,
  listInstances: async (tx, organizationId) =>
    (await listInstances(tx, organizationId, { limit: 50 })).rows.length,
  instanceNamed: async (tx, organizationId) =>
    (await instanceNamed(tx, organizationId, theirs.instanceId)) ? 1 : 0,
  countInstances: async (tx, organizationId) => {
    const { inUse, retired } = await countInstances(tx, organizationId)
    return inUse + retired
  },
  productionInstances: async (tx, organizationId) =>
    (await productionInstances(tx, organizationId, 50)).length,
  instanceDetail: (tx, organizationId) =>
    instanceDetail(tx, organizationId, theirs.instanceId).then(
      ({ addresses }) => 1 + addresses.length,
      orNone,
    ),
  instanceTimeline: async (tx, organizationId) =>
    (await instanceTimeline(tx, organizationId, theirs.instanceId, 100)).length,
  keyTimeline: async (tx, organizationId) =>
    (await keyTimeline(tx, organizationId, theirs.keyId, 100)).length,
  'listKeys by its ID': async (tx, organizationId) =>
    (
      await listKeys(
        tx,
        { organizationId, state: 'all', keyId: theirs.keyId },
        { sort: 'until', size: 1 },
        now(),
      )
    ).rows.length,
  markSeen: async (tx, organizationId) => {
    const seen = new Date('2100-01-01')
    await markSeen(tx, organizationId, { id: theirs.keyId, followsId: null }, seen)
    const [found] = await tx.select({ n: count() }).from(keys).where(eq(keys.firstSeenAt, seen))
    return found?.n ?? 0
  },
  // Who is assigned to the one is no more than staff to the other.
  staffRoleIn: async (tx, organizationId) => {
    const assigned = 'select person_id as id from assignments where organization_id = $1'
    const [manager] = await rowsOf<{ id: string }>(database, assigned, [other.organizationId])
    const role = staffRoleIn(tx, organizationId, manager?.id ?? '')
    return role.then((found) => (found === 'manager' ? 1 : 0), orNone)
  },
  accountManagersOf: async (tx, organizationId) => (await accountManagersOf(tx, organizationId)).length,
  timeZoneOf: (tx, organizationId) =>
    timeZoneOf(tx, organizationId).then((zone) => (zone === 'America/New_York' ? 1 : 0), orNone),
  roleIn: (tx, organizationId) => some(roleIn(tx, organizationId, other.people.owner)),
  isMember: async (tx, organizationId) => ((await isMember(tx, organizationId, other.people.owner)) ? 1 : 0),
  memberOf: (tx, organizationId) => some(memberOf(tx, organizationId, other.people.owner)),
  // The own only owner is the only one, whoever owns other organizations.
  ownerVerdict: async (tx, organizationId) =>
    (await ownerVerdict(tx, organizationId, { id: own.people.owner, role: 'owner' })).ok ? 1 : 0,
  listMembers: async (tx, organizationId) => {
    const members = await listMembers(tx, organizationId, { size: 50 })
    return foreignAmong(members.map(({ id }) => id))
  },
  countMembers: async (tx, organizationId) =>
    (await countMembers(tx, organizationId)) - (organizationId === own.organizationId ? 4 : 0),
  openInvitations: async (tx, organizationId) => (await openInvitations(tx, organizationId, 50)).length,
  membersWhoMay: async (tx, organizationId) => {
    const names = await membersWhoMay(tx, organizationId, 'key.reveal', 50)
    return names.filter((name) => name.endsWith('@globex.example')).length
  },
  withdrawOpen: async (tx, organizationId) =>
    (await withdrawOpen(tx, organizationId, undefined, now())).length,
  setRole: async (tx, organizationId) => {
    const before = await isViewer(tx, other.people.viewer)
    await setRole(tx, organizationId, other.people.viewer, 'billing')
    return before - (await isViewer(tx, other.people.viewer))
  },
  endMembership: async (tx, organizationId) => {
    const before = await isViewer(tx, other.people.viewer)
    const member = { id: other.people.viewer, name: null, email: 'x@x.example', since: now() } as const
    await endMembership(tx, organizationId, { ...member, role: 'viewer' }, null, now())
    return before - (await isViewer(tx, other.people.viewer))
  },
  listTokens: async (tx, organizationId) => (await listTokens(tx, organizationId, 50, now())).length,
  tokenNamed: (tx, organizationId) => some(tokenNamed(tx, organizationId, theirs.tokenId)),
  countWorkingTokens: (tx, organizationId) => countWorkingTokens(tx, organizationId, now()),
  revokeTokensOf: (tx, organizationId) =>
    revokeTokensOf(tx, organizationId, { memberId: other.people.owner, byId: null }, now()),
  listOfflineFiles: async (tx, organizationId) =>
    (await listOfflineFiles(tx, organizationId, theirs.instanceId, 50)).length,
  offlineInstallation: (tx, organizationId) => some(offlineInstallation(tx, organizationId, theirs.fileId)),
  filesThatEnd: async (tx, organizationId) =>
    (await filesThatEnd(tx, organizationId, theirs.instanceId, now())).length,
  othersKeys: async (tx, organizationId) =>
    (await othersKeys(tx, organizationId, theirs.instanceId, now())).length,
  giveBackOthersKeys: (tx, organizationId) =>
    endedOf(tx, theirs.instanceId, () =>
      giveBackOthersKeys(tx, { organizationId, instanceId: theirs.instanceId, now: now() }),
    ),
  endActivations: (tx, organizationId) =>
    endedOf(tx, theirs.instanceId, () =>
      endActivations(tx, organizationId, now(), eq(activations.instanceId, theirs.instanceId)),
    ),
  currencyOf: async (tx, organizationId) => ((await currencyOf(tx, organizationId)) ? 1 : 0),
  currencyFor: async (tx, organizationId) =>
    (await currencyFor(tx, organizationId, undefined, [])).choices.length,
  listPayable: (tx, organizationId) => payableIn(tx, organizationId),
  'listPayable of one': (tx, organizationId) => payableIn(tx, organizationId, [theirs.subscriptionId]),
  listBuyable: async (tx, organizationId) => {
    const chosen = [{ productId: theirs.products.forms, instanceId: theirs.instanceId }]
    return listBuyable(tx, organizationId, now(), chosen, 'eur').then(({ length }) => length, orNone)
  },
  readShop: async (tx, organizationId) => {
    const of = { productIds: null, instanceIds: [theirs.instanceId] }
    const { instances, holdings, trials, open } = await readShop(tx, organizationId, 'eur', of, now())
    return instances.size + holdings.length + trials.length + open.length
  },
  wholeOffer: async (tx, organizationId) => {
    const places = wholeOffer(tx, organizationId, now(), [theirs.instanceId]).then(({ offers }) =>
      offers.flatMap((one) => one.places.filter(({ instanceId }) => instanceId)),
    )
    return places.then((found) => found.length, orNone)
  },
  listTrials: async (tx, organizationId) => (await listTrials(tx, organizationId, now())).length,
  findTrial: (tx, organizationId) => findTrial(tx, organizationId, theirs.trialKeyId, now()).then(count1),
  listTrialOffers: async (tx, organizationId) => {
    const of = { productIds: null, instanceIds: [theirs.instanceId] }
    const places = listTrialOffers(tx, organizationId, now(), of).then((offers) =>
      offers.flatMap((one) => one.places.filter(({ instance, verdict }) => instance || 'trial' in verdict)),
    )
    return places.then((found) => found.length, orNone)
  },
  trialVerdict: (tx, organizationId) => {
    const { instanceId, products } = theirs
    return trialVerdict(tx, organizationId, now(), { productId: products.forms, instanceId }).then(
      count1,
      orNone,
    )
  },
  subscriptionAt: async (tx, organizationId) => {
    const place = { productId: theirs.products.forms, instanceId: theirs.instanceId }
    return (await subscriptionAt(tx, { organizationId, ...place })) ? 1 : 0
  },
  lockAccount: async (tx, organizationId) => {
    await lockAccount(tx, organizationId)
    const notLocked =
      'select organization_id from billing_accounts where organization_id = $1 for update skip locked'
    return 1 - (await rowsOf(database, notLocked, [other.organizationId])).length
  },
  openCheckouts: async (tx, organizationId) => {
    const found = await openCheckouts(tx, organizationId)
    return found.length + found.flatMap(({ lines }) => lines).length
  },
  underWay: async (tx, organizationId) => {
    const ofOther = 'select id from keys where organization_id = $1'
    const keys = await rowsOf<{ id: string }>(database, ofOther, [other.organizationId])
    return (
      await underWay(
        tx,
        organizationId,
        keys.map(({ id }) => id),
      )
    ).size
  },
  findCheckout: async (tx, organizationId) => {
    const found = await findCheckout(tx, organizationId, theirs.paidId)
    return found ? 1 + found.lines.length : 0
  },
  toldBy: (tx, organizationId) =>
    toldBy(tx, organizationId, 'key.reveal').then(({ told }) => foreignAmong(told.map(toId)), orNone),
  // Of an organization that has none, the admins are told.
  staffOf: (tx, organizationId) =>
    staffOf(tx, organizationId).then(({ told }) => told.filter(({ assigned }) => assigned).length, orNone),
  lockRequest: (tx, organizationId) => some(lockRequest(tx, organizationId, theirs.requestId)),
  trialRequests: async (tx, organizationId) => (await trialRequests(tx, organizationId, now())).length,
  joinRequests: async (tx, organizationId) => (await joinRequests(tx, organizationId)).length,
  countJoinRequests: (tx, organizationId) => countJoinRequests(tx, organizationId),
  doubtOf: async (tx, organizationId) => ((await doubtOf(tx, organizationId, theirs.instanceId)) ? 1 : 0),
  findRequest: (tx, organizationId) => findRequest(tx, organizationId, theirs.requestId).then(count1),
  linesOf: async (tx, organizationId) => (await linesOf(tx, organizationId, theirs.checkoutId)).length,
  remindedTerms: (tx, organizationId) =>
    remindedTerms(tx, organizationId, inDays(710)).then(({ terms }) => terms.length, orNone),
  reserveReminders: async (tx, organizationId) => {
    await reserveReminders(tx, organizationId, inDays(710)).catch(orNone)
    return (await tx.select().from(reminders).where(eq(reminders.mark, 30))).length
  },
  renewalsOf: async (tx, organizationId) =>
    (await renewalsOf(tx, organizationId, theirs.renewedKeyId, now())).length,
  changeAutomatic: async (tx, organizationId) => {
    const failedAt = new Date('2100-01-01')
    await changeAutomatic(tx, { organizationId, id: theirs.renewalId }, { failedAt })
    const changed = await tx.select().from(automaticRenewals).where(eq(automaticRenewals.failedAt, failedAt))
    return changed.length
  },
  lastCharge: async (tx, organizationId) =>
    count1(await lastCharge(tx, organizationId, theirs.endedRenewalId)),
  lastEnded: (tx, organizationId) => lastEnded(tx, organizationId, theirs.subscriptionId).then(count1),
  failedPayments: async (tx, organizationId) => (await failedPayments(tx, organizationId, now())).length,
  findAutomatic: (tx, organizationId) => findAutomatic(tx, organizationId, theirs.renewalId).then(count1),
  hasCustomer: async (tx, organizationId) => Number(await hasCustomer(tx, organizationId)),
  lockAutomatic: (tx, organizationId) => some(lockAutomatic(tx, organizationId, theirs.renewalId)),
  nameOf: async (tx, organizationId) =>
    (await nameOf(tx, { organizationId, subscriptionId: theirs.subscriptionId })).shortId.length,
  openAutomatic: (tx, organizationId) =>
    openAutomatic(tx, organizationId, theirs.subscriptionId).then(count1),
  pickUpsOf: async (tx, organizationId) =>
    (await pickUpsOf(tx, organizationId, { oldId: theirs.keyId, newId: theirs.renewedKeyId })).length,
  forgetSealed: async (tx, organizationId) => {
    const before = await tx.select().from(sealedKeys)
    await forgetSealed(tx, organizationId, theirs.renewedKeyId)
    return before.length - (await tx.select().from(sealedKeys)).length
  },
  openReminders: async (tx, organizationId) => (await openReminders(tx, organizationId, 'ends')).length,
  endReminders: async (tx, organizationId) => {
    const [open] = await tx.select().from(reminders)
    const doneAt = new Date('2100-01-01')
    await endReminders(tx, organizationId, 'ends', open?.createdAt ?? doneAt, doneAt)
    return (await tx.select().from(reminders).where(eq(reminders.doneAt, doneAt))).length
  },
  waitingKeys: async (tx, organizationId) => (await waitingKeys(tx, organizationId, inDays(380))).length,
  keysThatCome: async (tx, organizationId) => {
    const at = now()
    const proved = { keyId: theirs.keyId, provedAt: at, leaseEndsAt: inDays(7) }
    await tx.update(activations).set(proved).where(eq(activations.keyId, theirs.renewedKeyId))
    return (await keysThatCome(tx, organizationId, [theirs.renewedKeyId], at)).size
  },
  listInvoices: async (tx, organizationId) => {
    const { rows } = await listInvoices(tx, organizationId, { size: 50 }, now())
    return rows.length + rows.flatMap(({ entries }) => entries).length
  },
  lockCheckout: (tx, organizationId) => some(lockCheckout(tx, organizationId, theirs.checkoutId)),
  endCheckout: async (tx, organizationId) => {
    const endedAt = new Date('2100-01-01')
    await endCheckout(tx, organizationId, theirs.checkoutId, { ended: 'given_up', endedAt })
    const ended = await tx.select().from(checkouts).where(eq(checkouts.endedAt, endedAt))
    const lines = await tx.select().from(checkoutLines).where(eq(checkoutLines.endedAt, endedAt))
    return ended.length + lines.length
  },
  countingTerms: async (tx, organizationId) =>
    (await countingTerms(tx, organizationId, theirs.subscriptionId)).length,
  lockSubscription: (tx, organizationId) => some(lockSubscription(tx, organizationId, theirs.subscriptionId)),
  addressesOf: async (tx, organizationId) =>
    (await addressesOf(tx, organizationId, theirs.instanceId)).length,
  lockAnyInstance: (tx, organizationId) => some(lockAnyInstance(tx, organizationId, theirs.instanceId)),
  lockInstance: (tx, organizationId) => some(lockInstance(tx, organizationId, theirs.instanceId)),
  lockOriginal: (tx, organizationId) => some(lockOriginal(tx, organizationId, theirs.instanceId)),
  lockMembers: async (tx, organizationId) => {
    await lockMembers(tx, organizationId)
    const notLocked = 'select id from organizations where id = $1 for update skip locked'
    return 1 - (await rowsOf(database, notLocked, [other.organizationId])).length
  },
  lockKey: (tx, organizationId) => some(lockKey(tx, organizationId, theirs.keyId)),
  openQuestions: async (tx, organizationId) => (await openQuestions(tx, organizationId, { size: 50 })).length,
  questionsByKey: async (tx, organizationId) =>
    (await questionsByKey(tx, organizationId, { size: 50 })).length,
  questionNamed: (tx, organizationId) => some(questionNamed(tx, organizationId, theirs.questionId)),
  countQuestions: async (tx, organizationId) => (await countQuestions(tx, organizationId)).open,
  countUnlisted: (tx, organizationId) => countUnlisted(tx, organizationId, theirs.keyId),
  lastSeen: async (tx, organizationId) => (await lastSeen(tx, organizationId, theirs.instanceId)).size,
  refusedCalls: async (tx, organizationId) =>
    (await refusedCalls(tx, organizationId, theirs.instanceId, now())).size,
  callsOf: async (tx, organizationId) =>
    (await callsOf(tx, organizationId, theirs.instanceId, { size: 50 })).length,
  askedOf: async (tx, organizationId) => (await askedOf(tx, organizationId, theirs.instanceId)).size,
  countedDays: async (tx, organizationId) =>
    (await countedDays(tx, organizationId, theirs.instanceId, 50)).length,
  refusedWithinWeek: (tx, organizationId) => refusedWithinWeek(tx, organizationId, now()),
  quietInstances: async (tx, organizationId) => {
    const inTenDays = new Date(now().getTime() + 10 * 86_400_000)
    const { stopped, silent } = await quietInstances(tx, organizationId, inTenDays)
    return [...stopped, ...silent].filter(({ id }) => id === theirs.instanceId).length
  },
  offlineSummary: async (tx, organizationId) => (await offlineSummary(tx, organizationId, now()))?.files ?? 0,
  organizationKeys: async (tx, organizationId) => (await organizationKeys(tx, organizationId, now())).length,
  keysRevealedTo: async (tx, organizationId) =>
    (await keysRevealedTo(tx, organizationId, other.people.owner, 50)).length,
  listActivity: async (tx, organizationId) => {
    const filter = { organizationId, who: other.people.owner }
    return (await listActivity(tx, filter, { size: 50 })).rows.length
  },
  'listActivity of all': async (tx, organizationId) => {
    const { rows } = await listActivity(tx, { organizationId }, { size: 50 })
    return rows.filter(({ instanceId }) => instanceId === theirs.instanceId).length
  },
  peopleOfActivity: async (tx, organizationId) =>
    foreignAmong((await peopleOfActivity(tx, organizationId, 50)).map(({ id }) => id)),
}

const inDays = (days: number) => new Date(now().getTime() + days * 86_400_000)
const toId = ({ personId }: { personId: string }) => personId

const payableIn = (tx: OrganizationTx, organizationId: string, only?: string[]) =>
  listPayable(tx, organizationId, now(), only && { subscriptionIds: only }).then(
    ({ payable }) => payable.length,
    orNone,
  )

const foreignAmong = (ids: string[]) => {
  const people: string[] = Object.values(other.people)
  return ids.filter((id) => people.includes(id)).length
}

/** What finds no row by its filter: it adds rows, takes a lock by name, or asks one of the above. */
const others = [
  'addReminders',
  'alignAfter',
  'stopPayments',
  'alignRenewalsOf',
  'appendAudit',
  'endedWithKey',
  'holdBack',
  'moveEnd',
  'openJoinRequest',
  'openRequest',
  'refuseLastOwner',
  'runOnce',
  'takeAddress',
  'writeKey',
  // Throws where nothing was left, and is asked of a place that was just found.
  'placeLeftUntil',
]

test('[Z5] each function of lib that is given a transaction and an organization is in the list', () => {
  const root = path.join(import.meta.dirname, '..')
  const files = globSync('**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] })
  const found = files.flatMap((file) =>
    [
      ...readFileSync(path.join(root, file), 'utf8').matchAll(
        /export (?:async )?(?:function|const) (\w+)(?: =(?: async)?)? ?(?:<[^(]*>)?\(([^)]*OrganizationTx[^)]*)\)/g,
      ),
    ]
      .filter(([, , parameters = '']) => /organization|Filter|AuditContext|made: NewKey/.test(parameters))
      .map(([, name = '']) => name),
  )
  const listed = new Set([...Object.keys(reads).map((name) => name.split(' ')[0] ?? ''), ...others])
  expect([...new Set(found)].sort()).toEqual([...listed].sort())
  console.log(`[Z5] ${found.length} functions`)
})

/** Runs a read and takes back what it has changed. */
/** How many activations of an instance that ends which were open. */
async function endedOf(tx: OrganizationTx, instanceId: string, end: () => Promise<void>) {
  const open = and(eq(activations.instanceId, instanceId), isNull(activations.givenBackAt))
  const held = async () => (await tx.select().from(activations).where(open)).length
  const before = await held()
  await end()
  return before - (await held())
}

async function tried(
  inScope: (work: (tx: OrganizationTx) => Promise<never>) => Promise<never>,
  read: Read,
  organizationId: string,
) {
  const done = { rows: -1 }
  await inScope(async (tx) => {
    done.rows = await read(tx, organizationId)
    throw done
  }).catch((thrown: unknown) => {
    if (thrown !== done) throw thrown
  })
  return done.rows
}

test('[Z5] with the query’s own filter naming another organization, no read finds a foreign row', async () => {
  for (const [name, read] of Object.entries(reads)) {
    // What a read without a filter of its own would see: the policy alone stands.
    const foreign = await tried(
      (work) => asOrganization(own.organizationId, work),
      read,
      other.organizationId,
    )
    expect({ name, foreign }).toEqual({ name, foreign: 0 })
  }
  console.log(`[Z5] ${Object.keys(reads).length} reads`)
})

/** An organization's transaction to the compiler, in the system's scope to the policies. */
const unconfined = <T>(work: (tx: OrganizationTx) => Promise<T>) =>
  asOrganization(own.organizationId, async (tx) => {
    await tx.execute(
      sql`select set_config('latchkey.organization_id', '', true), set_config('latchkey.scope', 'system', true)`,
    )
    return work(tx)
  })

test('[Z5] where no policy stands in the way, the query’s own filter alone finds no foreign row', async () => {
  const found: string[] = []
  for (const [name, read] of Object.entries(reads)) {
    const foreign = await tried(unconfined, read, own.organizationId)
    if (foreign !== 0) found.push(`${name}: ${foreign}`)
  }
  expect(found).toEqual([])
  console.log(`[Z5] ${Object.keys(reads).length} reads`)
})

test('[Z5] the same reads find the rows in their own organization’s scope, so that none of them is blind', async () => {
  const blind = ['not_started', 'expiring', 'overdue', 'expired', 'renewed']
  for (const [name, read] of Object.entries(reads)) {
    if (blind.some((state) => name.startsWith(`listKeys ${state}`))) continue
    const rows = await tried((work) => asOrganization(other.organizationId, work), read, other.organizationId)
    expect({ name, found: rows > 0 }).toEqual({ name, found: true })
  }
  console.log(`[Z5] ${Object.keys(reads).length} reads`)
})
