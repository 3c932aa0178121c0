import { beforeEach, expect, test } from 'vitest'
import { Fault } from '@/sandbox/stripe/faults'
import { refusal, stripeForTests, submit } from '@/sandbox/test/stripe'

const { stripe, sdk, url, faults } = await stripeForTests()
const onApi = (fault: object) => faults.add(Fault.parse({ on: 'api', path: '/v1/customers', ...fault }))
const named = async (name: string) =>
  (await stripe.customers.list({ limit: 100 })).data.filter((customer) => customer.name === name).length

beforeEach(() => faults.clear())

test('429 comes before the key is used, and leaves nothing behind', async () => {
  onApi({ do: 'fail', status: 429, times: 1 })
  const key = { idempotencyKey: 'limited' }
  const error = await refusal(stripe.customers.create({ name: 'Limited' }, key))
  expect(error).toMatchObject({ type: 'StripeRateLimitError', statusCode: 429 })
  expect(await stripe.customers.create({ name: 'Limited' }, key)).toMatchObject({ name: 'Limited' })
  expect(await named('Limited')).toBe(1)
})

test('a 500 of Stripe’s own is the answer to its key for ever, whatever was done', async () => {
  onApi({ do: 'fail', effect: true, times: 1 })
  const key = { idempotencyKey: 'broken' }
  const error = await refusal(stripe.customers.create({ name: 'Broken' }, key))
  expect(error).toMatchObject({ type: 'StripeAPIError', statusCode: 500 })
  const again = await refusal(stripe.customers.create({ name: 'Broken' }, key))
  expect(again).toMatchObject({ statusCode: 500, headers: { 'idempotent-replayed': 'true' } })
  expect(await named('Broken')).toBe(1)
})

test('a failure on the way hides what was done, and the same key finds it', async () => {
  onApi({ do: 'fail', status: 503, effect: true, method: 'POST', times: 1 })
  const made = await sdk({ maxNetworkRetries: 1 }).customers.create({ name: 'Hidden' })
  expect(made.lastResponse.headers['idempotent-replayed']).toBe('true')
  expect(await named('Hidden')).toBe(1)
})

test('while a slow request is on its way, its key is in use', async () => {
  onApi({ do: 'slow', milliseconds: 300, times: 1 })
  const key = { idempotencyKey: 'slow' }
  const first = stripe.customers.create({ name: 'Slow' }, key)
  const tries = async (): Promise<unknown> =>
    stripe.customers.create({ name: 'Slow' }, key).catch((error) => error)
  await expect
    .poll(tries, { interval: 10 })
    .toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' })
  const { id } = await first
  expect(await tries()).toMatchObject({ id })
  expect(await named('Slow')).toBe(1)
})

test('an answer is cut short, never comes, or the connection is cut', async () => {
  onApi({ do: 'truncate', times: 1 })
  expect((await refusal(stripe.customers.list())).message).toContain(
    'Invalid JSON received from the Stripe API',
  )
  onApi({ do: 'hang', times: 1 })
  const patient = sdk({ timeout: 100 })
  expect((await refusal(patient.customers.list())).message).toContain('timeout')
  onApi({ do: 'refuse' })
  expect((await refusal(stripe.customers.list())).type).toBe('StripeConnectionError')
})

test('an answer says something else than was done', async () => {
  faults.add(Fault.parse({ on: 'api', path: '/v1/prices', do: 'change', change: { unit_amount: 1 } }))
  const price = await stripe.prices.create({
    product_data: { name: 'Changed' },
    currency: 'eur',
    unit_amount: 12_000,
  })
  expect(price.unit_amount).toBe(1)
  faults.clear()
  expect(await stripe.prices.retrieve(price.id)).toMatchObject({ unit_amount: 12_000 })
})

test('people do the same on a page', async () => {
  expect(await (await fetch(url)).text()).toContain('No more faults')
  await submit(url, { api: 'fail 429', path: '/v1/customers', times: '1' })
  expect(await refusal(stripe.customers.list())).toMatchObject({ statusCode: 429 })
  expect((await submit(url, { webhook: 'explode' })).status).toBe(400)
  const intent = await stripe.paymentIntents.create({
    amount: 1,
    currency: 'eur',
    confirm: true,
    payment_method: 'pm_card_visa',
  })
  const charge = String(intent.latest_charge)
  await submit(url, { dispute: charge })
  const [dispute] = (await stripe.disputes.list({ charge })).data
  await submit(url, { won: dispute?.id ?? '' })
  expect(await stripe.disputes.retrieve(dispute?.id ?? '')).toMatchObject({ status: 'won' })
})
