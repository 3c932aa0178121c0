import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { DatabaseError } from 'pg'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { closePool, openPoolAt, pool } from '@/db/client'
import { log } from '@/lib/log'
import { type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { type Answered, history } from './history'

const database = await productDatabase()
let acme: Fixture
let own: Awaited<ReturnType<typeof sold>>

beforeAll(async () => {
  acme = await makeCustomer('acme')
})
beforeEach(async () => {
  own = await sold(database, acme)
})
afterEach(() => vi.restoreAllMocks())

function refused(installationId: string, second = 0, asks = true) {
  const answered: Answered = {
    at: new Date(Date.UTC(2026, 10, 22, 8, 0, second)),
    ...{ organizationId: acme.organizationId, keyId: own.keyId, asked: 'validate', code: 'bound_elsewhere' },
    ...{ notes: [], instanceId: null, installationId, url: null, glpiVersion: null, productVersion: null },
    ...(asks && { question: { kind: 'installation', refusalCode: '7QF3XM' } }),
  }
  history.note(answered)
}

const kept = (table: 'checks' | 'questions') =>
  rowsOf<{ of: string; calls: number }>(
    database,
    `select installation_id as of, calls from ${table} where key_id = $1 order by 1`,
    [own.keyId],
  )

test('what was answered while the database was away is counted together with what came meanwhile', async () => {
  await closePool()
  openPoolAt('postgres://nobody@127.0.0.1:1/nowhere')
  refused('one')
  refused('one')
  refused('two')
  const flushed = history.flush()
  // Comes while the first batch is being written.
  await Promise.resolve()
  refused('one', 1)
  refused('three', 1)
  await flushed
  await history.flush()
  await closePool()
  openPoolAt(database.appUrl)
  await history.flush()
  for (const table of ['checks', 'questions'] as const)
    expect(await kept(table)).toEqual([
      { of: 'one', calls: 3 },
      { of: 'three', calls: 1 },
      { of: 'two', calls: 1 },
    ])
})

test('of different callers within a second 20,000 are kept, and the log says how many were not', async () => {
  const warn = vi.spyOn(log, 'warn').mockImplementation(() => {})
  for (let caller = 0; caller < 20_003; caller++) refused(`caller-${caller}`, 0, false)
  await history.flush()
  expect(
    await rowsOf(database, 'select count(*)::int as n from checks where key_id = $1', [own.keyId]),
  ).toEqual([{ n: 20_000 }])
  expect(warn.mock.calls).toEqual([[{ lost: 3 }, expect.stringContaining('more was answered')]])
})

const good = (): Answered => ({
  ...{ at: new Date(), organizationId: acme.organizationId, keyId: own.keyId, instanceId: own.instanceId },
  ...{ asked: 'validate', code: 'ok', notes: [], url: own.url },
  ...{ installationId: 'one', glpiVersion: '11.0.2', productVersion: '1.0.0' },
})

const keptOf = async (installationId: string) => {
  const [row] = await rowsOf<{ kept: number }>(
    database,
    `select (select sum(calls)::int from checks where installation_id = $1)
      + (select count(*)::int from sightings where installation_id = $1) as kept`,
    [installationId],
  )
  return row?.kept ?? 0
}

test('[B2] whatever stands in one answer, the others of its second are kept', async () => {
  const runs = process.env.STRESS ? 300 : 20
  const odd = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('\u0000', '3.2\u0000', '\ud800', '\udfff\ud800', 'x'.repeat(100_000)),
  )
  const fields = ['installationId', 'url', 'glpiVersion', 'productVersion'] as const
  const oddAnswer = fc.tuple(fc.constantFrom(...fields), odd)
  vi.spyOn(log, 'error').mockImplementation(() => {})
  await fc.assert(
    fc.asyncProperty(fc.array(oddAnswer, { maxLength: 6 }), fc.nat(6), async (odds, place) => {
      const installationId = randomUUID()
      const answers = odds.map(([field, value]) => ({ ...good(), [field]: value }))
      answers.splice(place, 0, { ...good(), installationId })
      for (const one of answers) history.note(one)
      await history.flush()
      expect(await keptOf(installationId)).toBe(2)
    }),
    { numRuns: runs },
  )
  console.log(`[B2] ${runs} seconds of answers`)
})

test('what Postgres refuses is told by its key, and only what could not be written for an outage is written again', async () => {
  const error = vi.spyOn(log, 'error').mockImplementation(() => {})
  const [first, second] = [randomUUID(), randomUUID()]
  for (const installationId of [first, 'no\u0000text', second]) history.note({ ...good(), installationId })
  await history.flush()
  await history.flush()
  expect([await keptOf(first), await keptOf(second)]).toEqual([2, 2])
  expect(error.mock.calls.map(([what]) => what)).toEqual([
    expect.objectContaining({ keyId: own.keyId, list: 'checks' }),
    expect.objectContaining({ keyId: own.keyId, list: 'sightings' }),
  ])
})

test('a call that says no version keeps the one that is known, within a second and over an outage', async () => {
  const installationId = randomUUID()
  const silent = { glpiVersion: null, productVersion: null, url: null }
  await closePool()
  openPoolAt('postgres://nobody@127.0.0.1:1/nowhere')
  history.note({ ...good(), installationId })
  const flushed = history.flush()
  // Comes while that is being written, and is put back.
  await Promise.resolve()
  history.note({ ...good(), installationId, ...silent })
  await flushed
  history.note({ ...good(), installationId, ...silent })
  await closePool()
  openPoolAt(database.appUrl)
  await history.flush()
  const last = `select url, glpi_version as glpi, product_version as plugin from sightings where installation_id = $1`
  expect(await rowsOf(database, last, [installationId])).toEqual([
    { url: own.url, glpi: '11.0.2', plugin: '1.0.0' },
  ])
})

const sighting = async (installationId: string) => {
  const [row] = await rowsOf(
    database,
    `select first_at as "firstAt", last_at as "lastAt", url, glpi_version as "glpiVersion", product_version as "productVersion",
       product_versions as versions
     from sightings where key_id = $1 and installation_id = $2`,
    [own.keyId, installationId],
  )
  return row
}
const second = (at: number) => new Date(Date.UTC(2026, 10, 22, 8, 0, at))
const silent = { url: null, glpiVersion: null, productVersion: null }

test('what a call does not say stays known, whether it comes in the same second or later', async () => {
  for (const apart of [false, true]) {
    const installationId = randomUUID()
    history.note({
      ...good(),
      installationId,
      at: second(1),
      plugin: { reference: 'forms', version: '1.0.0' },
    })
    if (apart) await history.flush()
    history.note({ ...good(), ...silent, installationId, at: second(2) })
    await history.flush()
    expect(await sighting(installationId)).toEqual({
      ...{ firstAt: apart ? second(1) : second(2), lastAt: second(2), url: own.url, glpiVersion: '11.0.2' },
      ...{ productVersion: '1.0.0', versions: { forms: '1.0.0' } },
    })
  }
})

test('when an installation was seen last never goes back, whichever process writes first', async () => {
  const installationId = randomUUID()
  for (const at of [second(1), second(9), second(3)]) {
    history.note({ ...good(), installationId, at })
    await history.flush()
  }
  expect(await sighting(installationId)).toMatchObject({ lastAt: second(9) })
})

test('of each plugin that has the same key the version is kept', async () => {
  const installationId = randomUUID()
  const of = (reference: string, version: string, at: Date) =>
    history.note({ ...good(), installationId, plugin: { reference, version }, at })
  of('forms', '1.0.0', second(1))
  of('branding', '7.0.0', second(2))
  await history.flush()
  of('forms', '1.1.0', second(3))
  await history.flush()
  expect(await sighting(installationId)).toMatchObject({ versions: { forms: '1.1.0', branding: '7.0.0' } })
})

test('of a sighting that could not be written what came meanwhile is the newer', async () => {
  const installationId = randomUUID()
  await closePool()
  openPoolAt('postgres://nobody@127.0.0.1:1/nowhere')
  history.note({ ...good(), installationId, at: second(1), productVersion: '1.0.0' })
  const flushed = history.flush()
  await Promise.resolve()
  history.note({ ...good(), ...silent, installationId, at: second(2), productVersion: '2.0.0' })
  await flushed
  await closePool()
  openPoolAt(database.appUrl)
  await history.flush()
  expect(await sighting(installationId)).toMatchObject({
    ...{ lastAt: second(2), productVersion: '2.0.0', url: own.url },
  })
})

test('only who is answered that its key is good is seen', async () => {
  const installationId = randomUUID()
  for (const code of ['wrong_product', 'expired', 'unknown_activation'] as const)
    history.note({ ...good(), installationId, code })
  await history.flush()
  expect(await sighting(installationId)).toBeUndefined()
})

test('what met another process in Postgres is written again at once', async () => {
  const error = vi.spyOn(log, 'error').mockImplementation(() => {})
  const installationId = randomUUID()
  const deadlock = Object.assign(new DatabaseError('deadlock detected', 0, 'error'), { code: '40P01' })
  vi.spyOn(pool(), 'query').mockRejectedValueOnce(deadlock as never)
  history.note({ ...good(), installationId })
  await history.flush()
  expect(await keptOf(installationId)).toBe(2)
  expect(error).not.toHaveBeenCalled()
})
