import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, expect, test, vi } from 'vitest'
import { log } from '@/lib/log'
import { makeCatalog, makeOrganization, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { sold } from '@/sandbox/test/sold'
import { type Answered, history } from './history'

const database = await productDatabase()
let good: Answered

beforeAll(async () => {
  await makeCatalog()
  const fixture = await makeOrganization('acme')
  const { keyId, instanceId, url } = await sold(database, fixture)
  good = {
    ...{ at: new Date(), organizationId: fixture.organizationId, keyId, instanceId, asked: 'validate' },
    ...{ code: 'ok', notes: [], url, installationId: 'one', glpiVersion: '11.0.2', productVersion: '1.0.0' },
  }
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
      const answers = odds.map(([field, value]) => ({ ...good, [field]: value }))
      answers.splice(place, 0, { ...good, installationId })
      for (const one of answers) history.note(one)
      await history.flush()
      expect(await keptOf(installationId)).toBe(2)
    }),
    { numRuns: 60 },
  )
  vi.restoreAllMocks()
  console.log('[B2] 60 seconds of answers')
})

test('what Postgres refuses is told by its key, and only what could not be written for an outage is written again', async () => {
  const error = vi.spyOn(log, 'error').mockImplementation(() => {})
  const [first, second] = [randomUUID(), randomUUID()]
  for (const installationId of [first, 'no\u0000text', second]) history.note({ ...good, installationId })
  await history.flush()
  await history.flush()
  expect([await keptOf(first), await keptOf(second)]).toEqual([2, 2])
  expect(error.mock.calls.map(([what]) => what)).toEqual([
    expect.objectContaining({ keyId: good.keyId, list: 'checks' }),
    expect.objectContaining({ keyId: good.keyId, list: 'sightings' }),
  ])
  vi.restoreAllMocks()
})
