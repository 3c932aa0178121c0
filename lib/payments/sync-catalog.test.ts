import { beforeAll, beforeEach, expect, test } from 'vitest'
import { applyCatalog } from '@/lib/catalog/apply'
import { Fault } from '@/sandbox/stripe/faults'
import { makeCatalog, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { catalogSteps, doStep } from './sync-catalog'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { stripe, faults } = payments
const by = { actor: { kind: 'system' } } as const

beforeAll(makeCatalog)
beforeEach(() => faults.clear())

async function sync() {
  const steps = await catalogSteps()
  for (const step of steps) await doStep(step)
  return steps.map(({ do: what, reference }) => `${what} ${reference}`)
}
const pricesAtStripe = async () => (await stripe.prices.list({ limit: 100 })).data
const productsAtStripe = async () => (await stripe.products.list({ limit: 100 })).data
const recorded = () =>
  rowsOf<{ id: string; at: string | null; withdrawn: boolean }>(
    database,
    'select id, stripe_price_id as at, withdrawn_at is not null as withdrawn from prices order by id',
  )
const forms = (amount: number, more: object = {}) =>
  applyCatalog(by, {
    products: [
      {
        ...{ reference: 'forms', name: 'Forms Pro', trialDays: 15 },
        description: { en: 'Made up for tests.', fr: 'Inventé pour les tests.' },
        prices: [
          { currency: 'eur', amount, tax: 'inclusive' },
          { currency: 'jpy', amount: 58_000 },
          { currency: 'eur', amount: 50_000, months: 24 },
          { currency: 'eur', amount: 9_000, months: 3 },
        ],
        ...more,
      },
    ],
  })

test('cut off at each call, with or without effect, and run again, each product and price is there once', async () => {
  let cuts = 0
  for (let tries = 0; tries < 100; tries++) {
    const effect = tries % 2 === 0
    // The SDK asks twice; the answer of the second is lost as well.
    const lost = { on: 'api', do: 'fail', method: 'POST', status: 503, effect, times: 2 }
    faults.add(Fault.parse(lost))
    const [next] = await catalogSteps()
    if (!next) break
    await expect(doStep(next)).rejects.toMatchObject({ code: 'unavailable' })
    cuts++
    faults.clear()
    // What had no effect is done before the next is cut off.
    const [again] = await catalogSteps()
    if (again) await doStep(again)
  }
  expect(cuts).toBeGreaterThan(4)
  await sync()
  expect((await productsAtStripe()).map(({ id }) => id).sort()).toEqual([
    'latchkey_branding',
    'latchkey_cloud',
    'latchkey_forms',
  ])
  const rows = await recorded()
  const made = await pricesAtStripe()
  expect(made).toHaveLength(rows.length)
  expect(made.map(({ id, lookup_key }) => [id, lookup_key]).sort()).toEqual(
    rows.map(({ id, at }) => [at, `latchkey_${id}`]).sort(),
  )
  expect(await sync()).toEqual([])
  console.log(`cut off ${cuts} times: ${made.length} prices`)
})

test('what the catalog changes is changed, what it withdraws is inactive, and a second time there is nothing to do', async () => {
  await forms(31_000, { name: 'Forms Professional' })
  expect((await sync()).sort()).toEqual([
    ...['add_price forms', 'add_price forms', 'add_price forms'],
    ...['change_product forms', 'set_active forms'],
  ])
  expect(await sync()).toEqual([])
  const product = await stripe.products.retrieve('latchkey_forms')
  expect(product).toMatchObject({
    name: 'Forms Professional',
    active: true,
    metadata: { reference: 'forms' },
  })
  const active = (await stripe.prices.list({ product: 'latchkey_forms', active: true })).data
  expect(
    active
      .map(({ currency, unit_amount, tax_behavior, recurring }) =>
        [currency, unit_amount, tax_behavior, recurring?.interval_count, recurring?.interval].join(' '),
      )
      .sort(),
  ).toEqual([
    'eur 31000 inclusive 1 year',
    'eur 50000 exclusive 2 year',
    'eur 9000 exclusive 3 month',
    'jpy 58000 exclusive 1 year',
  ])
  await forms(31_000, { name: 'Forms Professional', withdrawn: true, prices: [] })
  await sync()
  expect(await stripe.products.retrieve('latchkey_forms')).toMatchObject({ active: false })
  expect((await stripe.prices.list({ product: 'latchkey_forms', active: true })).data).toEqual([])
  expect(await sync()).toEqual([])
})

test('what somebody changed at Stripe is set right, and what is not ours is left alone', async () => {
  const [price] = (await stripe.prices.list({ product: 'latchkey_cloud', currency: 'eur' })).data
  await stripe.prices.update(price?.id ?? '', { active: false })
  await stripe.products.update('latchkey_cloud', { name: 'Changed by hand' })
  const other = await stripe.prices.create({
    product: 'latchkey_cloud',
    currency: 'eur',
    unit_amount: 1,
    recurring: { interval: 'year' },
  })
  expect(await sync()).toEqual(['change_product cloud', 'set_active cloud'])
  expect(await stripe.prices.retrieve(price?.id ?? '')).toMatchObject({ active: true })
  expect(await stripe.prices.retrieve(other.id)).toMatchObject({ active: true })
  expect(await sync()).toEqual([])
})

test('a name that somebody gave to another price does not make that one ours', async () => {
  const [row] = await rowsOf<{ id: string; at: string }>(
    database,
    `select p.id, stripe_price_id as at from prices p join products r on r.id = p.product_id
     where r.reference = 'branding' and currency = 'eur'`,
  )
  const lookup_key = `latchkey_${row?.id}`
  const impostor = await stripe.prices.create({
    product: 'latchkey_branding',
    currency: 'eur',
    unit_amount: 1,
    recurring: { interval: 'year' },
    lookup_key,
    transfer_lookup_key: true,
  })
  // The one that is known is still the same price.
  expect(await sync()).toEqual([])
  await rowsOf(database, 'update prices set stripe_price_id = null where id = $1', [row?.id])
  expect(await sync()).toEqual(['add_price branding'])
  const [after] = (await recorded()).filter(({ id }) => id === row?.id)
  expect(after?.at).not.toBe(impostor.id)
  expect(await stripe.prices.retrieve(after?.at ?? '')).toMatchObject({ unit_amount: 12_000, active: true })
})
