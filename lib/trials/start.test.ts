import { beforeAll, expect, test } from 'vitest'
import { startOfDay } from '@/lib/organizations/calendar'
import { startTrial } from '@/lib/trials/start'
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

const database = await productDatabase()
let own: Fixture
let instanceId: string
const zone = 'America/Santiago'

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme', zone)
  instanceId = await makeInstance(own)
})

test.each([
  ['forms', 15],
  ['branding', 30],
] as const)(
  "a trial of %s works %i whole days and ends at midnight in the organization's time zone",
  async (reference, days) => {
    const { keyId } = await startTrial(bySystem(own.organizationId), {
      productId: await productId(database, reference),
      instanceId,
    })
    const [key] = await rowsOf<{ kind: string; starts_at: Date; expires_at: Date; term_id: null }>(
      database,
      'select * from keys where id = $1',
      [keyId],
    )
    expect(key).toMatchObject({ kind: 'trial', term_id: null })
    if (!key) throw new Error('it was issued')
    expect(startOfDay(key.expires_at, zone)).toEqual(key.expires_at)
    const hours = (key.expires_at.getTime() - key.starts_at.getTime()) / 3_600_000
    // An hour to either side where the clock is changed meanwhile.
    expect(hours).toBeGreaterThan(days * 24 - 1.01)
    expect(hours).toBeLessThan((days + 1) * 24 + 1.01)
  },
)

test('a product that cannot be tried says so, as does an open-source one', async () => {
  for (const [reference, code] of [
    ['legacy', 'no_trial'],
    ['tags', 'open_source'],
  ] as const) {
    const call = startTrial(bySystem(own.organizationId), {
      productId: await productId(database, reference),
      instanceId,
    })
    await expect(call).rejects.toMatchObject({ code })
  }
})

test('a product is tried once: of ten trials at once one begins, on whatever instance, and the others are told', async () => {
  const globex = await makeOrganization('globex')
  const places = [await makeInstance(globex), await makeInstance(globex, 'other')]
  const forms = await productId(database, 'forms')
  const trials = Array.from({ length: 10 }, (_, index) =>
    startTrial(bySystem(globex.organizationId), {
      productId: forms,
      instanceId: places[index % 2] ?? '',
    }).then(
      () => 'begun',
      ({ code, facts }) => [code.replace('tried_here', 'tried_before'), facts.product],
    ),
  )
  const answers = await Promise.all(trials)
  expect(answers.filter((answer) => answer === 'begun')).toHaveLength(1)
  expect(answers.filter((answer) => answer !== 'begun')).toEqual(Array(9).fill(['tried_before', 'Forms Pro']))
})
