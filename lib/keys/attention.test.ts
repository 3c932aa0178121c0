import { eq } from 'drizzle-orm'
import pg from 'pg'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { keys } from '@/db/schema/keys'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { retireInstance } from '@/lib/instances/retire'
import { startOfDay } from '@/lib/organizations/calendar'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import { startTrial } from '@/lib/trials/start'
import {
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  productId,
  type Reference,
} from '@/sandbox/test/fixture'
import { at } from '@/sandbox/time'
import { attention } from './attention'
import { issuePermanentKey } from './issue'
import { restoreKey, revokeKey } from './revoke'

const database = await productDatabase()
const products: Partial<Record<Reference, string>> = {}
let town: Fixture
let desk: string
let organizations = 0

beforeAll(async () => {
  await makeCatalog()
  for (const one of ['forms', 'branding', 'suite', 'cloud', 'legacy'] as const)
    products[one] = await productId(database, one)
})
afterEach(() => vi.restoreAllMocks())

const by = () => bySystem(town.organizationId)
const product = (reference: Reference) => products[reference] ?? ''
const midnight = startOfDay(now(), 'Europe/Paris')
const day = (days: number) => new Date(midnight.getTime() + days * 86_400_000 + 43_200_000)

/** An organization with one instance, and the same day for whatever `steps` do. */
async function given(steps: () => Promise<unknown>) {
  town = await makeOrganization(`town-${++organizations}`)
  desk = await makeInstance(town)
  await steps()
}

/** A subscription of a month, begun so many days ago; its key outlives it by 14 days. */
const subscribed = (reference: Reference, ago: number, instanceId: string | null = desk) =>
  at(day(-ago), () => startSubscription(by(), { productId: product(reference), instanceId, months: 1 }))

const asked = (on = now()) =>
  asOrganization(town.organizationId, (tx) => attention(tx, town.organizationId, 'Europe/Paris', on))

async function seen(on = now()) {
  const { lines } = await asked(on)
  return lines.map(({ what, keys }) => `${what}: ${keys.map((key) => key.product).join(', ')}`)
}

test('a subscription that nobody renewed is spoken of for 90 days after its key stopped', async () => {
  await given(() => subscribed('forms', 60))
  expect(await seen()).toEqual(['lapsed: Forms Pro'])
  expect(await seen(day(-17))).toEqual(['overdue: Forms Pro'])
  expect(await seen(day(70))).toEqual(['lapsed: Forms Pro'])
  expect(await seen(day(80))).toEqual([])
})

test('of two terms that are over, the last alone has lapsed', async () => {
  await given(async () => {
    const { subscriptionId } = await subscribed('forms', 100)
    await at(day(-80), () => renewSubscription(by(), { subscriptionId, months: 1 }))
  })
  expect(await seen()).toEqual(['lapsed: Forms Pro'])
})

test('what was taken up again has not lapsed: renewed, bought anew, in a suite, or for the whole organization', async () => {
  await given(async () => {
    const { subscriptionId } = await subscribed('forms', 60)
    await renewSubscription(by(), { subscriptionId, months: 12 })
  })
  expect(await seen()).toEqual(['not_yet_in_glpi: Forms Pro'])
  await given(async () => {
    await subscribed('forms', 60)
    await startSubscription(by(), { productId: product('forms'), instanceId: desk })
  })
  expect(await seen()).toEqual([])
  await given(async () => {
    await subscribed('forms', 60)
    await startSubscription(by(), { productId: product('suite'), instanceId: desk })
  })
  expect(await seen()).toEqual([])
  await given(() => subscribed('cloud', 60, null))
  expect(await seen()).toEqual(['lapsed: Cloud'])
  await startSubscription(by(), { productId: product('cloud'), instanceId: null })
  expect(await seen()).toEqual([])
})

test('of a new key it is told when the old one stops working, or did: by its end or its revocation', async () => {
  let oldId = ''
  await given(async () => {
    const { subscriptionId, keyId } = await subscribed('forms', 20)
    await renewSubscription(by(), { subscriptionId, months: 12 })
    oldId = keyId
  })
  const stopsAt = async () => (await asked()).lines.map(({ what, keys }) => [what, keys[0].stopsAt])
  const [old] = await asOrganization(town.organizationId, (tx) =>
    tx.select({ expiresAt: keys.expiresAt }).from(keys).where(eq(keys.id, oldId)),
  )
  expect(await stopsAt()).toEqual([['not_yet_in_glpi', old?.expiresAt]])
  await at(day(-1), () => revokeKey(by(), { keyId: oldId, reason: 'requested' }))
  // Renewed only after that, so that nobody has waited with it.
  expect(await stopsAt()).toEqual([['not_yet_in_glpi', day(-1)]])
})

test('a new key is urgent from a day before the old one stops until a week after it', async () => {
  await given(async () => {
    const { subscriptionId } = await subscribed('forms', 20)
    await at(day(-10), () => renewSubscription(by(), { subscriptionId, months: 12 }))
  })
  const [line] = (await asked()).lines
  const stops = line?.keys[0].stopsAt?.getTime() ?? Number.NaN
  const hours = (count: number) => new Date(stops + count * 3_600_000)
  expect(await seen(hours(-24.01))).toEqual(['not_yet_in_glpi: Forms Pro'])
  for (const on of [hours(-24), hours(0), hours(7 * 24 - 0.01)])
    expect(await seen(on)).toEqual(['waits_urgently: Forms Pro'])
  expect(await seen(hours(7 * 24))).toEqual(['not_yet_in_glpi: Forms Pro'])
})

test('what works elsewhere, or is revoked, takes no place of what lapsed', async () => {
  await given(async () => {
    await subscribed('forms', 60)
    const other = await makeInstance(town, 'other')
    await startSubscription(by(), { productId: product('forms'), instanceId: other })
    await startSubscription(by(), { productId: product('branding'), instanceId: desk })
    const { keyId } = await startSubscription(by(), { productId: product('forms'), instanceId: desk })
    await revokeKey(by(), { keyId, reason: 'requested' })
  })
  expect(await seen()).toEqual(['lapsed: Forms Pro'])
})

test('a trial that is over and a retired instance lack nothing', async () => {
  await given(async () => {
    await at(day(-40), () => startTrial(by(), { productId: product('forms'), instanceId: desk }))
    const old = await makeInstance(town, 'old')
    await subscribed('branding', 60, old)
    const { keyId } = await startSubscription(by(), { productId: product('suite'), instanceId: old })
    await revokeKey(by(), { keyId, reason: 'non_payment' })
    await retireInstance(by(), { instanceId: old })
  })
  expect(await seen()).toEqual([])
})

test('a revoked key is spoken of with its reason, until it is restored or 90 days have passed', async () => {
  let keyId = ''
  await given(async () => {
    keyId = (await issuePermanentKey(by(), { productId: product('legacy'), instanceId: desk })).keyId
    await revokeKey(by(), { keyId, reason: 'non_payment' })
  })
  const { lines } = await asOrganization(town.organizationId, (tx) =>
    attention(tx, town.organizationId, 'Europe/Paris', now()),
  )
  expect(lines).toMatchObject([{ what: 'revoked', keys: [{ id: keyId, reason: 'non_payment' }] }])
  expect(lines[0]?.keys[0].stopsAt?.getTime()).toBeCloseTo(now().getTime(), -5)
  expect(await seen(day(89))).toEqual(['revoked: Legacy'])
  expect(await seen(day(91))).toEqual([])
  await restoreKey(by(), { keyId })
  expect(await seen()).toEqual([])
})

test('a revoked key is neither due, nor waits for GLPI, nor has lapsed', async () => {
  const revoke = (keyId: string) => revokeKey(by(), { keyId, reason: 'requested' })
  await given(async () => revoke((await subscribed('forms', 20)).keyId))
  expect(await seen()).toEqual([])
  await given(async () => {
    const { subscriptionId } = await subscribed('forms', 20)
    await revoke((await renewSubscription(by(), { subscriptionId, months: 12 })).keyId)
  })
  expect(await seen()).toEqual([])
  await given(async () => {
    const { keyId } = await subscribed('forms', 60)
    await at(day(-50), () => revoke(keyId))
  })
  expect(await seen()).toEqual([])
})

test('keys of one reason and day are a line; what the organization asked to end, or has anew, is none', async () => {
  await given(async () => {
    const revoke = async (reference: Reference, reason: 'refunded' | 'requested') => {
      const { keyId } = await startSubscription(by(), { productId: product(reference), instanceId: desk })
      await revokeKey(by(), { keyId, reason })
    }
    await revoke('suite', 'refunded')
    await revoke('forms', 'refunded')
    await revoke('branding', 'requested')
  })
  expect(await seen()).toEqual(['revoked: Suite, Forms Pro'])
  await startSubscription(by(), { productId: product('suite'), instanceId: desk })
  expect(await seen()).toEqual([])
})

test('more than twenty that lapsed are said to be more, and it is one query in any case', async () => {
  await given(async () => {
    for (let n = 0; n < 51; n++) {
      const instanceId = await makeInstance(town, `desk-${n}`)
      await subscribed('forms', 60, instanceId)
    }
  })
  const query = vi.spyOn(pg.Client.prototype, 'query')
  const { found, asked } = await asOrganization(town.organizationId, async (tx) => {
    const before = query.mock.calls.length
    const result = await attention(tx, town.organizationId, 'Europe/Paris', now())
    return { found: result, asked: query.mock.calls.length - before }
  })
  expect({ lines: found.lines.length, more: found.more, asked }).toEqual({ lines: 20, more: true, asked: 1 })
})
