import { randomUUID } from 'node:crypto'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { closePool, openPoolAt } from '@/db/client'
import { asOrganization } from '@/db/scope'
import { setClock } from '@/lib/clock'
import { languages, translator } from '@/lib/messages/translator'
import { startSubscription } from '@/lib/subscriptions/start'
import {
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { callsOf, countedDays, lastSeen, refusedCalls, refusedWithinWeek } from './calls'
import { countOldChecks } from './count-checks'
import { type Answered, history } from './history'
import type { ListPlace } from './list-place'
import { checkCodes } from './rules'

const database = await productDatabase()
let own: Fixture
let instanceId: string
let keyId: string
let turn = 0

const now = new Date('2026-11-22T08:00:00Z')
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000)

beforeAll(async () => {
  await makeCatalog()
  // As the worker, which alone may remove checks.
  await closePool()
  openPoolAt(database.workerUrl)
})

afterEach(() => setClock(undefined))

beforeEach(async () => {
  turn++
  await rowsOf(database, 'delete from checks')
  own = await makeOrganization(`acme-${turn}`)
  instanceId = await makeInstance(own)
  const forms = await productId(database, 'forms')
  keyId = (await startSubscription(bySystem(own.organizationId), { productId: forms, instanceId })).keyId
  setClock(() => now)
})

async function called(hours: number, more: Partial<Answered> = {}) {
  history.note({
    at: hoursAgo(hours),
    organizationId: own.organizationId,
    keyId,
    asked: 'refresh',
    code: 'ok',
    notes: [],
    instanceId,
    installationId: 'known',
    url: null,
    glpiVersion: '11.0.2',
    productVersion: '2.4.1',
    ...more,
  })
  await history.flush()
}

test('the plugins that share a suite’s key are named with their versions, and the one of a product’s own key is not', async () => {
  await called(1, { plugin: { reference: 'forms', version: '2.4.1' } })
  const seen = () => asOrganization(own.organizationId, (tx) => lastSeen(tx, own.organizationId, instanceId))
  expect((await seen()).get(keyId)).toMatchObject({ productVersion: '2.4.1' })
  const suite = await productId(database, 'suite')
  keyId = (await startSubscription(bySystem(own.organizationId), { productId: suite, instanceId })).keyId
  await called(1, { plugin: { reference: 'forms', version: '2.4.1' } })
  expect((await seen()).get(keyId)).toMatchObject({ productVersion: 'Forms Pro 2.4.1' })
  await called(0, { plugin: { reference: 'branding', version: '7.0.0' } })
  expect((await seen()).get(keyId)).toMatchObject({ productVersion: 'Branding 7.0.0, Forms Pro 2.4.1' })
})

const refused = (hours: number) =>
  called(hours, { code: 'bound_elsewhere', instanceId: null, installationId: 'another', asked: 'validate' })

const within = <T>(work: (tx: Parameters<Parameters<typeof asOrganization<T>>[1]>[0]) => Promise<T>) =>
  asOrganization(own.organizationId, work)

const activate = (given: { leaseEndsAt: Date; givenBackAt: Date | null }) =>
  rowsOf(
    database,
    `with bound as (update instances set installation_id = 'known' where id = $3)
     insert into activations (id, organization_id, key_id, instance_id, installation_id, environment, exclusive, secret_hash,
       lease, lease_ends_at, created_at, refreshed_at, given_back_at)
     values ($1, $2, $4, $3, 'known', 'production', true, sha256('x'), gen_random_uuid(), $5, $6, $6, $7)`,
    [
      randomUUID(),
      own.organizationId,
      instanceId,
      keyId,
      given.leaseEndsAt,
      hoursAgo(900),
      given.givenBackAt,
    ],
  )

test('of each key it is known when it was last seen, as what, and until when it goes on alone', async () => {
  await activate({ leaseEndsAt: hoursAgo(-100), givenBackAt: null })
  await called(30, { glpiVersion: '10.0.18' })
  await called(3)
  const seen = await within((tx) => lastSeen(tx, own.organizationId, instanceId))
  expect([...seen]).toEqual([
    [
      keyId,
      {
        lastAt: hoursAgo(3),
        glpiVersion: '11.0.2',
        productVersion: '2.4.1',
        leaseEndsAt: hoursAgo(-100),
        givenBackAt: null,
        freesAt: null,
      },
    ],
  ])
})

test('what was refused within 30 days is counted', async () => {
  await refused(1)
  await refused(700)
  await refused(800)
  await called(2)
  expect([...(await within((tx) => refusedCalls(tx, own.organizationId, instanceId, now)))]).toEqual([
    [keyId, 2],
  ])
})

test('the calls of an instance, and those with its keys from elsewhere, come in pages', async () => {
  for (let hours = 1; hours <= 5; hours++) await (hours % 2 ? called(hours) : refused(hours))
  const other = await makeInstance(own, 'other')
  await called(9, { instanceId: other })
  const page = (before?: ListPlace) =>
    within((tx) => callsOf(tx, own.organizationId, instanceId, { size: 3, before }))
  const first = await page()
  const last = first.at(-1)
  if (!last) throw new Error('there are three')
  const second = await page({ at: last.at, id: String(last.id) })
  expect([...first, ...second].map(({ at, code }) => [at, code])).toEqual([
    [hoursAgo(1), 'ok'],
    [hoursAgo(2), 'bound_elsewhere'],
    [hoursAgo(3), 'ok'],
    [hoursAgo(4), 'bound_elsewhere'],
    [hoursAgo(5), 'ok'],
  ])
  expect(first[0]).toMatchObject({ product: 'Forms Pro', asked: 'refresh', calls: 1, glpiVersion: '11.0.2' })
  const alone = await within((tx) => callsOf(tx, own.organizationId, instanceId, { size: 9, own: true }))
  expect(alone.map(({ at }) => at)).toEqual([hoursAgo(1), hoursAgo(3), hoursAgo(5)])
})

test('what an instance’s own installations were refused is among its own calls, whichever of them called with whichever key', async () => {
  const other = await makeInstance(own, 'other')
  const forms = await productId(database, 'forms')
  const elsewhere = await startSubscription(bySystem(own.organizationId), {
    productId: forms,
    instanceId: other,
  })
  await activate({ leaseEndsAt: hoursAgo(-100), givenBackAt: hoursAgo(8) })
  await rowsOf(database, `update instances set installation_id = 'bound' where id = $1`, [instanceId])
  await called(9, { installationId: 'seen' })
  const no = (hours: number, more: Partial<Answered>) => called(hours, { instanceId: null, ...more })
  await no(4, { code: 'expired', installationId: 'known' })
  await no(3, { code: 'wrong_product', installationId: 'bound' })
  await no(2, { code: 'bound_elsewhere', installationId: 'seen' })
  await no(1, { code: 'bound_elsewhere', installationId: 'bound', keyId: elsewhere.keyId })
  await no(1, { code: 'no_installation', installationId: null })
  await refused(0)
  const read = (alone: boolean) =>
    within((tx) => callsOf(tx, own.organizationId, instanceId, { size: 9, own: alone })).then((rows) =>
      rows.map(({ at, installationId }) => [at, installationId]),
    )
  const ownCalls = [
    [hoursAgo(1), 'bound'],
    [hoursAgo(2), 'seen'],
    [hoursAgo(3), 'bound'],
    [hoursAgo(4), 'known'],
    [hoursAgo(9), 'seen'],
  ]
  expect(await read(true)).toEqual(ownCalls)
  const all = await read(false)
  expect(all).toHaveLength(ownCalls.length + 2)
  expect(all).toEqual(expect.arrayContaining([...ownCalls, [hoursAgo(1), null], [hoursAgo(0), 'another']]))
})

test('answers older than 30 days are counted by day, once, however often it is done and in whatever batches', async () => {
  for (const hours of [1, 719, 745, 746, 747, 748, 800]) await called(hours)
  await refused(746)
  const kept = () => within((tx) => callsOf(tx, own.organizationId, instanceId, { size: 50 }))
  const days = () => within((tx) => countedDays(tx, own.organizationId, instanceId, 10))
  const counted = [
    { day: '2026-10-22', calls: 5, refused: 1 },
    { day: '2026-10-20', calls: 1, refused: 0 },
  ]
  // 30 days and 8 hours: what is kept begins at a midnight.
  expect(await countOldChecks(now, 2)).toBe(6)
  expect(await days()).toEqual(counted)
  expect(await kept()).toHaveLength(2)
  expect(await countOldChecks(now, 2)).toBe(0)
  expect(await days()).toEqual(counted)
})

test('what is only counted belongs to the instance that called, whatever its key is of and wherever that has moved', async () => {
  const other = await makeInstance(own, 'other')
  const cloud = await productId(database, 'cloud')
  const everywhere = await startSubscription(bySystem(own.organizationId), {
    productId: cloud,
    instanceId: null,
  })
  await called(800)
  await called(800, { instanceId: other })
  await called(800, { keyId: everywhere.keyId })
  await called(800, { keyId: everywhere.keyId, instanceId: other, code: 'expired' })
  await refused(800)
  // Counted before instances were.
  await rowsOf(
    database,
    `insert into check_days (organization_id, key_id, day, asked, code, calls) values ($1, $2, '2026-10-20', 'refresh', 'ok', 5)`,
    [own.organizationId, keyId],
  )
  await countOldChecks(now)
  const days = (of: string) => within((tx) => countedDays(tx, own.organizationId, of, 10))
  const day = '2026-10-20'
  expect(await days(instanceId)).toEqual([{ day, calls: 8, refused: 1 }])
  expect(await days(other)).toEqual([{ day, calls: 2, refused: 1 }])
  await rowsOf(database, 'update keys set instance_id = $1 where id = $2', [other, keyId])
  // Whoever was refused is known by no instance: that goes with the key.
  expect(await days(instanceId)).toEqual([{ day, calls: 2, refused: 0 }])
})

test('what was refused within a week is counted', async () => {
  await refused(100)
  await refused(200)
  await called(24)
  expect(await within((tx) => refusedWithinWeek(tx, own.organizationId, now))).toBe(1)
})

test.each(languages)('each answer that the history can hold is said in its own words (%s)', (language) => {
  const t = translator(language)
  // Those of which no organization has a history.
  const codes = [
    ...checkCodes.filter((code) => code !== 'malformed' && code !== 'unknown'),
    'unknown_activation',
    'no_installation',
    'secret_needed',
  ]
  const said = (code: string) =>
    t('calls.line', { asked: 'refresh', code, shortId: 'K-7QF3XM', product: 'Forms', calls: 1 })
  expect(new Set(['anything else', ...codes].map(said)).size).toBe(codes.length + 1)
})

test.each(languages)(
  'a secret that was wanted is said to be missing or wrong: the history does not tell which (%s)',
  (language) => {
    const t = translator(language)
    const line = {
      asked: 'give_back',
      code: 'secret_needed',
      shortId: 'K-7QF3XM',
      product: 'Forms',
      calls: 1,
    }
    for (const said of [t('calls.handover', { note: 'handover_unproved' }), t('calls.line', line)])
      expect(said).toMatch(/not shown, or was wrong|pas été présenté, ou était faux/)
  },
)

test.each(languages)('where a place is said to become free, it is said who keeps it (%s)', (language) => {
  const t = translator(language)
  const said = [
    t('calls.given_back', { at: '', until: '' }),
    t('offline.done.gone', { until: '' }),
    t('offline.declare.not_before'),
    t('offline.declare.over', { date: '', until: '' }),
  ]
  for (const one of said) expect(one).toMatch(/still uses another key|utilise encore une autre clé/)
})
