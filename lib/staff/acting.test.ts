import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { extendKey } from '@/lib/keys/extend'
import { issuePermanentKey } from '@/lib/keys/issue'
import { revealKeys } from '@/lib/keys/reveal'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { mostRevocations } from '@/lib/keys/rules'
import { daysBetween, later } from '@/lib/organizations/calendar'
import { addMember } from '@/lib/organizations/create'
import { inviteMember } from '@/lib/organizations/invite'
import { addStaff } from '@/lib/staff/add'
import { assign } from '@/lib/staff/assign'
import { startSubscription } from '@/lib/subscriptions/start'
import {
  byStaff,
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  makeStaff,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase({ DATABASE_POOL_SIZE: '50' })
let own: Fixture
let other: Fixture
let people: Awaited<ReturnType<typeof makeStaff>>
let instanceId: string
let forms: string
let legacy: string

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  other = await makeOrganization('globex')
  people = await makeStaff(own)
  instanceId = await makeInstance(own)
  forms = await productId(database, 'forms')
  legacy = await productId(database, 'legacy')
})

const subscribe = (by = bySystem(own.organizationId), more = {}) =>
  startSubscription(by, { productId: forms, instanceId, ...more })
const entriesOf = (keyId: string) =>
  rowsOf<{ action: string; outcome: string; actor: string; person_id: string; details: object }>(
    database,
    `select action, outcome, actor, person_id, details from audit_entries where key_id = $1 order by sequence`,
    [keyId],
  )

test('an assigned account manager issues, revokes, restores and extends, each with who and why in the trail and the rows', async () => {
  const by = () => byStaff(people.manager, own)
  const { keyId, shortId } = await subscribe(by(), { months: 3, note: 'Ordered by letter.' })
  await revokeKey(by(), { keyId, reason: 'leaked', note: 'On a wiki.' })
  await restoreKey(by(), { keyId, note: 'It was another one.' })
  const [key] = await rowsOf<{ expires_at: Date }>(database, 'select expires_at from keys where id = $1', [
    keyId,
  ])
  const until = new Date(Number(key?.expires_at) + 30 * 86_400_000)
  await extendKey(by(), { keyId, until, reason: 'The invoice is late.' })
  const said = await entriesOf(keyId)
  expect(said.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
    'subscription.start done',
    'key.revoke done',
    'key.restore done',
    'key.extend done',
  ])
  expect(new Set(said.map(({ actor, person_id }) => `${actor} ${person_id}`))).toEqual(
    new Set([`staff ${people.manager}`]),
  )
  expect(said.map(({ details }) => details)).toMatchObject([
    { note: 'Ordered by letter.', shortId },
    { reason: 'leaked', note: 'On a wiki.' },
    { note: 'It was another one.' },
    { reason: 'The invoice is late.' },
  ])
  const [row] = await rowsOf(
    database,
    `select r.revoked_by_id, s.restored_by_id, e.extended_by_id from revocations r
     join restorations s on s.revocation_id = r.id join extensions e on e.key_id = r.key_id where r.key_id = $1`,
    [keyId],
  )
  expect(row).toEqual({
    revoked_by_id: people.manager,
    restored_by_id: people.manager,
    extended_by_id: people.manager,
  })
})

test('staff say why; the portal by itself need not', async () => {
  const by = () => byStaff(people.admin, own)
  const { keyId } = await subscribe()
  await expect(subscribe(by())).rejects.toMatchObject({ fields: { note: 'required' } })
  await expect(issuePermanentKey(by(), { productId: legacy, instanceId, note: ' ' })).rejects.toMatchObject({
    fields: { note: 'required' },
  })
  await revokeKey(by(), { keyId, reason: 'requested' })
  await expect(restoreKey(by(), { keyId })).rejects.toMatchObject({ fields: { note: 'required' } })
  await restoreKey(bySystem(own.organizationId), { keyId })
})

test('[A14] an account manager alone: no permanent key, and none that comes to the same', async () => {
  const { keyId } = await subscribe()
  const far = new Date('2090-01-01')
  let trials = 0
  for (const who of ['manager', 'unassigned'] as const) {
    const by = () => byStaff(people[who], own)
    for (const [call, code] of [
      [() => issuePermanentKey(by(), { productId: legacy, instanceId, note: 'x' }), 'forbidden'],
      [
        () => subscribe(by(), { months: 37, note: 'x' }),
        who === 'manager' ? 'needs_admin_months' : 'forbidden',
      ],
      [
        () => extendKey(by(), { keyId, until: far, reason: 'x' }),
        who === 'manager' ? 'needs_admin_extension' : 'forbidden',
      ],
    ] as const) {
      await expect(call()).rejects.toMatchObject({ code })
      trials++
    }
  }
  const [{ permanent } = {}] = await rowsOf<{ permanent: number }>(
    database,
    `select count(*)::int as permanent from keys where kind = 'permanent' or expires_at > '2080-01-01'`,
  )
  expect(permanent).toBe(0)
  const by = () => byStaff(people.admin, own)
  await issuePermanentKey(by(), { productId: legacy, instanceId, note: 'For the archive.' })
  await extendKey(by(), { keyId, until: far, reason: 'For the archive.' })
  console.log(`[A14] ${trials} trials`)
})

test('[A14] extended again and again, a key ends no later than 90 days after what is paid', async () => {
  const { keyId } = await subscribe()
  let last = new Date(0)
  const end = async () => {
    const [row] = await rowsOf<{ expires_at: Date; term_ends_at: Date }>(
      database,
      'select expires_at, term_ends_at from keys where id = $1',
      [keyId],
    )
    return row ?? { expires_at: last, term_ends_at: last }
  }
  for (const step of [...Array.from({ length: 20 }, () => 20), 10, 5, 1, 1]) {
    last = later((await end()).expires_at, 'Europe/Paris', { days: step })
    await extendKey(byStaff(people.manager, own), { keyId, until: last, reason: 'Again.' }).catch(() => {})
  }
  const { expires_at, term_ends_at } = await end()
  expect(daysBetween(term_ends_at, expires_at, 'Europe/Paris')).toBe(90)
})

/** Limits are counted by the time of the machine, which no test can move: their rows are. */
const limitsOlderBy = (minutes: number) =>
  rowsOf(database, 'update rate_limits set expire = expire - $1', [minutes * 60_000])

test('[A14] a mass revocation stops at ten an hour, over all organizations and at once; an admin goes on', async () => {
  await assign(bySystem(other.organizationId), { staffId: people.manager })
  const desk = await makeInstance(other)
  const start = (fixture: Fixture, at: string) =>
    startSubscription(bySystem(fixture.organizationId), { productId: forms, instanceId: at })
  await rowsOf(database, `delete from rate_limits where key like 'revoke:%'`)
  const keys = await Promise.all(
    Array.from({ length: 2 * mostRevocations }, async (_, index) => {
      const where = index % 2 ? own : other
      return { where, ...(await start(where, index % 2 ? instanceId : desk)) }
    }),
  )
  const outcomes = await Promise.allSettled(
    keys.map(({ keyId, where }) => revokeKey(byStaff(people.manager, where), { keyId, reason: 'requested' })),
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(mostRevocations)
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
  expect(new Set(refused)).toEqual(new Set(['too_many']))
  const [next, ...left] = keys.filter((_, index) => outcomes[index]?.status === 'rejected')
  if (!next) throw new Error('half of them were refused')
  const nextByManager = () =>
    revokeKey(byStaff(people.manager, next.where), { keyId: next.keyId, reason: 'requested' })
  for (const minutes of [2, 48]) {
    await limitsOlderBy(minutes)
    await expect(nextByManager()).rejects.toMatchObject({ code: 'too_many' })
  }
  await limitsOlderBy(10)
  await nextByManager()
  for (const { keyId, where } of left) {
    await revokeKey(byStaff(people.admin, where), { keyId, reason: 'requested' })
  }
  console.log(
    `[A14] ${keys.length} revocations, ${mostRevocations} by the account manager, one more an hour later`,
  )
})

test('tries that revoke nothing take none of the ten revocations of the hour', async () => {
  await rowsOf(database, `delete from rate_limits where key like 'revoke:%'`)
  const revoke = (keyId: string) =>
    revokeKey(byStaff(people.manager, own), { keyId, reason: 'requested' }).then(
      () => 'done',
      ({ code }) => code,
    )
  const { keyId } = await subscribe()
  expect(await revoke(keyId)).toBe('done')
  for (let time = 0; time < mostRevocations; time++) {
    expect(await revoke(keyId)).toBe('already_revoked')
    expect(await revoke(randomUUID())).toBe('not_found')
  }
  expect(await revoke((await subscribe()).keyId)).toBe('done')
})

test('an unassigned account manager does nothing at all, and is refused in the customer’s own trail', async () => {
  const by = () => byStaff(people.unassigned, own)
  const { keyId } = await subscribe()
  const calls = [
    () => subscribe(by(), { note: 'x' }),
    () => revokeKey(by(), { keyId, reason: 'requested' }),
    () => restoreKey(by(), { keyId, note: 'x' }),
    () => extendKey(by(), { keyId, until: new Date('2090-01-01'), reason: 'x' }),
    () => revealKeys(by(), { keyIds: [keyId], how: 'copied' }),
    () => inviteMember(by(), { email: 'me@northwind.example', role: 'owner' }),
  ]
  for (const call of calls)
    await expect(call()).rejects.toMatchObject({ code: 'forbidden', facts: { role: 'staff' } })
  expect((await entriesOf(keyId)).slice(1).map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
    'key.revoke refused',
    'key.restore refused',
    'key.extend refused',
    'key.reveal refused',
  ])
})

test('each owner is told by mail which keys staff have seen, and never the keys', async () => {
  const { personId } = await addStaff(
    { actor: { kind: 'system' } },
    { email: `nora-${randomUUID()}@northwind.example`, role: 'admin' },
  )
  const second = await addMember(bySystem(own.organizationId), {
    email: 'second@acme.example',
    role: 'owner',
  })
  const keys = [await subscribe(), await subscribe()]
  const jobs = () =>
    rowsOf<{ payload: Record<string, unknown> }>(
      database,
      `select payload from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
       where t.identifier = 'mail.key_revealed' and payload ->> 'byPersonId' = $1`,
      [personId],
    )
  const seen = await revealKeys(byStaff(personId, own), {
    keyIds: keys.map(({ keyId }) => keyId),
    how: 'copied',
  })
  const told = await jobs()
  expect(told.map(({ payload }) => payload.memberId).sort()).toEqual(
    [own.people.owner, second.personId].sort(),
  )
  const written = JSON.stringify(told)
  for (const { key, shortId } of seen) {
    expect(written).toContain(shortId)
    expect(written).not.toContain(key)
  }
})
