import Stripe from 'stripe'
import { beforeEach, expect, test } from 'vitest'
import { refusal, stripeForTests, webhookReceiver } from '@/sandbox/test/stripe'

const secret = 'whsec_known_beforehand'
const receiver = await webhookReceiver(new Stripe('sk_test_x'), secret)
const { stripe, url, now, settled, moveTo, faults, attempts } = await stripeForTests({
  endpoints: [{ url: receiver.url, secret }],
})
const { received } = receiver
const minutes = 60
const after = (seconds: number) => moveTo(new Date((now() + seconds) * 1000))
const types = () => received.map(({ type }) => type)

beforeEach(async () => {
  faults.clear()
  await settled()
  received.length = 0
})

test('each change reaches the endpoint, signed, as it is kept', async () => {
  const customer = await stripe.customers.create({ name: 'Hook' })
  await settled()
  const [event] = received
  expect(event).toMatchObject({
    type: 'customer.created',
    api_version: Stripe.API_VERSION,
    pending_webhooks: 1,
    data: { object: { id: customer.id } },
  })
  const kept = await stripe.events.retrieve(event?.id ?? '')
  expect(kept).toMatchObject({
    id: event?.id,
    created: event?.created,
    data: event?.data,
    pending_webhooks: 0,
  })
  expect((await stripe.events.list({ delivery_success: false })).data).toEqual([])
})

test('a payload or a secret that is not the right one does not verify', async () => {
  await stripe.customers.create()
  await settled()
  const payload = JSON.stringify(received[0])
  const header = stripe.webhooks.generateTestHeaderString({ payload, secret: 'whsec_other' })
  expect(() => stripe.webhooks.constructEvent(payload, header, secret)).toThrow(
    'No signatures found matching',
  )
})

test('an endpoint gets what it asked for, and shows its secret once', async () => {
  const other = await stripe.webhookEndpoints.create({
    url: receiver.url,
    enabled_events: ['product.created'],
  })
  expect(other.secret).toMatch(/^whsec_/)
  expect(await stripe.webhookEndpoints.retrieve(other.id)).not.toHaveProperty('secret')
  await stripe.webhookEndpoints.del(other.id)
  const far = stripe.webhookEndpoints.create({ url: 'https://example.com/hook', enabled_events: ['*'] })
  expect(await refusal(far)).toMatchObject({ param: 'url' })
})

test('what was not taken is tried three times more, by the clock', async () => {
  receiver.answer(500, 302, 404, 503)
  await stripe.customers.create({ name: 'Again' })
  await settled()
  expect(received).toHaveLength(1)
  for (const wait of [10, 60, 180]) await after(wait * minutes)
  expect(received).toHaveLength(4)
  expect(new Set(received.map(({ id }) => id)).size).toBe(1)
  const tries = attempts.filter(({ event }) => event === received[0]?.id)
  expect(tries.map(({ status }) => status)).toEqual([500, 302, 404, 503])
  await after(24 * 60 * minutes)
  expect(received).toHaveLength(4)
  expect((await stripe.events.list({ delivery_success: false })).data).toMatchObject([
    { id: received[0]?.id },
  ])
})

test('an endpoint that is down gets it when it is back', async () => {
  receiver.answer(503)
  await stripe.customers.create()
  await settled()
  await after(10 * minutes)
  expect(attempts.slice(-2).map(({ status }) => status)).toEqual([503, 200])
})

test('webhooks are dropped, doubled and delayed when they are told to', async () => {
  faults.add({ on: 'webhook', do: 'drop', type: 'product.created', times: 1, count: 2, seconds: 0 })
  faults.add({ on: 'webhook', do: 'duplicate', type: 'price.*', count: 3, seconds: 0 })
  faults.add({ on: 'webhook', do: 'delay', type: 'product.updated', count: 2, seconds: 300 })
  const product = await stripe.products.create({ name: 'Faulty' })
  await stripe.prices.create({ product: product.id, currency: 'eur', unit_amount: 1 })
  await stripe.products.update(product.id, { name: 'Late' })
  await settled()
  expect(types()).toEqual(['price.created', 'price.created', 'price.created'])
  await after(300)
  expect(types().at(-1)).toBe('product.updated')
  await stripe.products.create({ name: 'Good again' })
  await settled()
  expect(types().at(-1)).toBe('product.created')
})

test('webhooks come in another order when they are told to', async () => {
  faults.add({ on: 'webhook', do: 'reorder', count: 5, seconds: 0 })
  const names = ['a', 'b', 'c', 'd', 'e']
  const ids: string[] = []
  for (const name of names) ids.push((await stripe.customers.create({ name })).id)
  await settled()
  const got = received.map(({ data: { object } }) => ('id' in object ? object.id : ''))
  expect(got).not.toEqual(ids)
  expect(got.toSorted()).toEqual(ids.toSorted())
})

const control = async (method: string, path: string, body?: object) => {
  const response = await fetch(`${url}/_sandbox/${path}`, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return { status: response.status, body: await response.json() }
}

test('the same is asked for over HTTP, and a wrong fault is refused', async () => {
  expect((await control('POST', 'faults', { on: 'webhook', do: 'explode' })).status).toBe(400)
  await control('POST', 'faults', { on: 'webhook', do: 'drop' })
  expect((await control('GET', 'faults')).body).toMatchObject({ faults: [{ do: 'drop' }] })
  await stripe.customers.create()
  await settled()
  expect(received).toEqual([])
  await control('DELETE', 'faults')
  const [event] = (await stripe.events.list({ limit: 1 })).data
  await control('POST', 'webhooks/resend', { event: event?.id })
  await control('POST', 'webhooks/settled')
  expect(received.map(({ id }) => id)).toEqual([event?.id])
})

test('200 events at once all reach an endpoint', async () => {
  const many = 200
  const made = Array.from({ length: many / 20 }, async () => {
    for (let count = 0; count < 20; count++) await stripe.customers.create()
  })
  await Promise.all(made)
  await settled()
  expect(new Set(received.map(({ id }) => id)).size).toBe(many)
})

test('a year passes step by step, and each webhook is signed at its own time', async () => {
  const customer = await stripe.customers.create()
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
  const price = await stripe.prices.create({
    product_data: { name: 'Monthly' },
    currency: 'eur',
    unit_amount: 100,
    recurring: { interval: 'month' },
  })
  await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    default_payment_method: method.id,
  })
  await settled()
  received.length = 0
  const before = attempts.length
  const year = 367 * 24 * 60 * minutes
  const moved = await control('POST', 'clock', { by: year, step: 24 * 60 * minutes })
  expect(moved.body.now).toBe(now() + year)
  const paid = received.filter(({ type }) => type === 'invoice.paid')
  expect(paid).toHaveLength(12)
  for (const { event, at } of attempts.slice(before)) {
    const { created = 0 } = received.find(({ id }) => id === event) ?? {}
    expect(Math.abs(at - created)).toBeLessThan(5 * minutes)
  }
  expect((await control('POST', 'clock', { to: now() - 1 })).status).toBe(400)
})
