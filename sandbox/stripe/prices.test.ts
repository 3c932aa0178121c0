import { expect, test } from 'vitest'
import { refusal, stripeForTests } from '@/sandbox/test/stripe'

const { stripe } = await stripeForTests()

test('a product and its prices in several currencies, once and yearly', async () => {
  const product = await stripe.products.create({
    id: 'forms-pro',
    name: 'Forms Pro',
    metadata: { slug: 'forms-pro' },
  })
  const once = await stripe.prices.create({
    product: product.id,
    currency: 'eur',
    unit_amount: 12_000,
    tax_behavior: 'exclusive',
    lookup_key: 'forms-pro-url',
    currency_options: {
      jpy: { unit_amount: 20_000 },
      USD: { unit_amount: 13_000, tax_behavior: 'inclusive' },
    },
  })
  expect(once).toMatchObject({ type: 'one_time', recurring: null, unit_amount: 12_000, product: 'forms-pro' })
  expect(once.unit_amount_decimal?.toString()).toBe('12000')
  expect(once).not.toHaveProperty('currency_options')
  const whole = await stripe.prices.retrieve(once.id, { expand: ['currency_options', 'product'] })
  expect(whole.currency_options).toMatchObject({
    eur: { unit_amount: 12_000, tax_behavior: 'exclusive' },
    jpy: { unit_amount: 20_000, tax_behavior: 'exclusive' },
    usd: { unit_amount: 13_000, tax_behavior: 'inclusive' },
  })
  expect(whole.product).toMatchObject({ name: 'Forms Pro' })
  const yearly = await stripe.prices.create({
    product: product.id,
    currency: 'eur',
    unit_amount: 12_000,
    recurring: { interval: 'year' },
  })
  expect(yearly.recurring).toMatchObject({ interval: 'year', interval_count: 1, usage_type: 'licensed' })
  const found = await stripe.prices.list({ product: product.id, type: 'recurring' })
  expect(found.data.map(({ id }) => id)).toEqual([yearly.id])
})

test('a product is changed, made inactive, and cannot go while it has prices', async () => {
  const product = await stripe.products.create({ name: 'Old', description: 'first' })
  const price = await stripe.prices.create({ product: product.id, currency: 'eur', unit_amount: 1 })
  const changed = await stripe.products.update(product.id, {
    name: 'New',
    active: false,
    description: '',
    default_price: price.id,
  })
  expect(changed).toMatchObject({ name: 'New', active: false, description: null, default_price: price.id })
  expect((await stripe.products.list({ active: false })).data.map(({ id }) => id)).toContain(product.id)
  expect((await refusal(stripe.products.del(product.id))).message).toContain('user-created prices')
  const { data } = await stripe.events.list({ type: 'product.*', limit: 2 })
  expect(data.map(({ type }) => type)).toEqual(['product.updated', 'product.created'])
  expect(data[0]?.data).toMatchObject({
    previous_attributes: { name: 'Old', active: true, description: 'first' },
  })
})

test('a product’s ID is taken once', async () => {
  await stripe.products.create({ id: 'twice', name: 'One' })
  const error = await refusal(stripe.products.create({ id: 'twice', name: 'Two' }))
  expect(error).toMatchObject({ statusCode: 400, code: 'resource_already_exists' })
})

test('a price’s amount stays; its lookup key moves only when asked to', async () => {
  const product = await stripe.products.create({ name: 'Keys' })
  const facts = { product: product.id, currency: 'eur', lookup_key: 'moving' }
  const first = await stripe.prices.create({ ...facts, unit_amount: 100 })
  const amount: object = { unit_amount: 200 }
  expect(await refusal(stripe.prices.update(first.id, amount))).toMatchObject({ code: 'parameter_unknown' })
  expect((await refusal(stripe.prices.create({ ...facts, unit_amount: 200 }))).message).toContain(
    'already uses that lookup key',
  )
  const second = await stripe.prices.create({ ...facts, unit_amount: 200, transfer_lookup_key: true })
  const found = await stripe.prices.list({ lookup_keys: ['moving'] })
  expect(found.data.map(({ id }) => id)).toEqual([second.id])
  expect(await stripe.prices.retrieve(first.id)).toMatchObject({ lookup_key: null, unit_amount: 100 })
})

test('how a price holds tax is said once', async () => {
  const price = await stripe.prices.create({
    product_data: { name: 'Tax' },
    currency: 'eur',
    unit_amount: 100,
  })
  expect(price.tax_behavior).toBe('unspecified')
  expect(await stripe.prices.update(price.id, { tax_behavior: 'inclusive' })).toMatchObject({
    tax_behavior: 'inclusive',
  })
  expect(await refusal(stripe.prices.update(price.id, { tax_behavior: 'exclusive' }))).toMatchObject({
    param: 'tax_behavior',
  })
})
