import { beforeAll, expect, test } from 'vitest'
import { now } from '@/lib/clock'
import { DomainError } from '@/lib/errors'
import { extendKey } from '@/lib/keys/extend'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { byMember, bySystem, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { patiently } from '@/sandbox/test/patiently'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { beginCheckout } from './begin-checkout'
import { giveUpCheckout } from './give-up-checkout'
import { openSession } from './open-session'
import { syncSubject } from './sync'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})

const rounds = process.env.STRESS ? 200 : 10
const atOnce = 50

/** A renewal that is paid at Stripe, of which the portal does not know yet. */
async function paidAtStripe() {
  const { subscriptionId, keyId } = await sold(database, acme)
  const by = byMember(acme, 'billing')
  const lines = { subscriptionIds: [subscriptionId], shown: 29_000, currency: 'eur' }
  const { checkoutId } = await beginCheckout(by, lines)
  const { url } = await openSession(by, checkoutId)
  await payments.pay(url)
  await payments.settled()
  const sessionId = /\/(cs_\w+)/.exec(url)?.[1] ?? ''
  const session = await payments.stripe.checkout.sessions.retrieve(sessionId)
  const intent = await payments.stripe.paymentIntents.retrieve(String(session.payment_intent))
  const invoiceId = String(session.invoice)
  return { subscriptionId, keyId, checkoutId, sessionId, invoiceId, chargeId: String(intent.latest_charge) }
}

async function standingOf({ subscriptionId, checkoutId }: Awaited<ReturnType<typeof paidAtStripe>>) {
  const [row] = await rowsOf<Record<string, number>>(
    database,
    `with its as (select * from terms where subscription_id = $1),
       own as (select k.* from keys k join its on its.id = k.term_id)
     select (select count(*)::int from its) as terms, (select count(*)::int from own) as keys,
       (select count(*)::int from audit_entries where action = 'subscription.renew' and key_id in (select id from own)) as renewals,
       (select count(*)::int from audit_entries a join own on own.id = a.key_id
         where a.action = 'key.revoke' and a.outcome = 'done') as "saidRevoked",
       (select count(*)::int from revocations where key_id in (select id from own)) as revoked,
       (select count(*)::int from revocations where key_id in (select id from own) and restored_at is null) as "stillRevoked",
       (select count(*)::int from graphile_worker._private_jobs where payload ->> 'checkoutId' = $2) as mails,
       (select count(*)::int from its a join its b on b.ordinal = a.ordinal + 1 and b.starts_at <> a.ends_at) as gaps`,
    [subscriptionId, checkoutId],
  )
  return row
}

test(`[C3] ${atOnce} at once, who each heard something else of the same invoice, bring one term (${rounds} rounds)`, async () => {
  let failed = 0
  for (let round = 0; round < rounds; round++) {
    const paid = await paidAtStripe()
    const heard = [
      () => syncSubject('checkout', paid.sessionId),
      () => syncSubject('invoice', paid.invoiceId),
      () => syncSubject('charge', paid.chargeId),
    ]
    const all = await Promise.allSettled(
      Array.from({ length: atOnce }, (_, n) => patiently(async () => heard[n % 3]?.())),
    )
    failed += all.filter(({ status }) => status === 'rejected').length
    expect(await standingOf(paid)).toMatchObject({ terms: 2, keys: 2, renewals: 1, mails: 1, gaps: 0 })
  }
  // The worker would try again; none had to.
  expect(failed).toBe(0)
  console.log(`[C3] ${rounds} rounds of ${atOnce}`)
}, 3_600_000)

test('two members who begin to pay at once, before Stripe knows the organization, share one customer', async () => {
  const twins = await makeCustomer('twins')
  const open = async (role: 'owner' | 'billing') => {
    const { subscriptionId } = await sold(database, twins)
    const lines = { subscriptionIds: [subscriptionId], shown: 29_000, currency: 'eur' }
    const { checkoutId } = await beginCheckout(byMember(twins, role), lines)
    return () => openSession(byMember(twins, role), checkoutId)
  }
  const both = [await open('owner'), await open('billing')]
  await Promise.all(both.map((one) => one()))
  const { data } = await payments.stripe.customers.list({ limit: 100 })
  const theirs = data.filter(({ metadata }) => metadata.organization === twins.organizationId)
  expect(theirs).toHaveLength(1)
  expect(theirs[0]).toMatchObject({ email: expect.stringContaining('@'), name: expect.any(String) })
})

/** Who asked for something, and got it or was told in words why not; told that the database has too much to do, they ask again. */
async function asked(what: string, work: () => Promise<unknown>): Promise<{ what: string; told: string }> {
  try {
    await patiently(work)
    return { what, told: 'done' }
  } catch (error) {
    return { what, told: error instanceof DomainError ? error.code : `bug: ${String(error)}` }
  }
}

test(`[C6] renewing, revoking, restoring, extending and settling one key at once is as one after the other (${rounds} rounds of ${atOnce})`, async () => {
  const told: Record<string, number> = {}
  for (let round = 0; round < rounds; round++) {
    const paid = await paidAtStripe()
    const { keyId, subscriptionId, checkoutId } = paid
    const system = () => bySystem(acme.organizationId)
    const lines = { subscriptionIds: [subscriptionId], shown: 29_000, currency: 'eur' }
    // What can be restored at once has been revoked before.
    const before = round % 2
    if (before) await revokeKey(system(), { keyId, reason: 'requested' })
    const until = new Date(now().getTime() + 900 * 86_400_000)
    const kinds: [what: string, () => Promise<unknown>][] = [
      ['settle', () => syncSubject('checkout', paid.sessionId)],
      ['revoke', () => revokeKey(system(), { keyId, reason: 'requested' })],
      ['renew', () => renewSubscription(system(), { subscriptionId })],
      ['restore', () => restoreKey(system(), { keyId })],
      ['invoice', () => syncSubject('invoice', paid.invoiceId)],
      ['begin', () => beginCheckout(byMember(acme, 'billing'), lines)],
      ['extend', () => extendKey(system(), { keyId, until, reason: 'Because.' })],
      ['give up', () => giveUpCheckout(byMember(acme, 'owner'), checkoutId)],
    ]
    const all = await Promise.all(
      Array.from({ length: atOnce }, (_, n) => {
        const [what, work] = kinds[n % kinds.length] ?? []
        return asked(what ?? '', work ?? (() => Promise.resolve()))
      }),
    )
    const done = (what: string) => all.filter((one) => one.what === what && one.told === 'done').length
    for (const one of all) told[`${one.what}: ${one.told}`] = (told[`${one.what}: ${one.told}`] ?? 0) + 1
    const terms = 2 + done('renew')
    const standing = await standingOf(paid)
    // What is paid while the key before is revoked is revoked alike.
    const alike = Number(standing?.revoked) - before - done('revoke')
    expect([0, 1]).toContain(alike)
    const revoked = before + done('revoke') + alike
    expect(standing).toEqual({
      ...{ terms, keys: terms, renewals: terms - 1, mails: 1, gaps: 0 },
      ...{ saidRevoked: revoked, revoked, stillRevoked: revoked - done('restore') },
    })
  }
  const refusals = Object.keys(told).filter((one) => /bug|unavailable/.test(one))
  expect(refusals).toEqual([])
  console.log(`[C6] ${rounds} rounds of ${atOnce}: ${JSON.stringify(told)}`)
}, 3_600_000)
