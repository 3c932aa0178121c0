import { expect, test } from 'vitest'
import { refusal, stripeForTests } from '@/sandbox/test/stripe'

const { stripe, sdk, url, now, setTime } = await stripeForTests()

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    body,
    headers: {
      authorization: 'Bearer sk_test_x',
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    },
  })

test('what the SDK sends nested comes back as it was sent', async () => {
  const address = { city: 'Lyon', country: 'FR', line1: '1 rue É & co=2[0]', postal_code: '69001' }
  const made = await stripe.customers.create({
    name: 'Ünïcode',
    address,
    metadata: { 'a.b': '1' },
    preferred_locales: ['fr', 'en'],
  })
  const read = await stripe.customers.retrieve(made.id)
  expect(read).toMatchObject({ name: 'Ünïcode', metadata: { 'a.b': '1' }, preferred_locales: ['fr', 'en'] })
  expect(read).toHaveProperty('address', { ...address, line2: null, state: null })
  expect(read.lastResponse.requestId).toMatch(/^req_/)
})

test.each([
  ['no key', '', 'You did not provide an API key'],
  ['a live key', 'sk_live_x', 'Invalid API Key provided: sk_live_****'],
])('with %s nothing is answered', async (_what, key, message) => {
  const response = await fetch(`${url}/v1/customers`, {
    headers: key ? { authorization: `Bearer ${key}` } : {},
  })
  expect(response.status).toBe(401)
  expect(JSON.stringify(await response.json())).toContain(message)
})

test('another version of the API than the SDK’s is refused', async () => {
  const old = sdk()
  const error = await refusal(old.customers.list({}, { apiVersion: '2020-08-27' }))
  expect(error).toMatchObject({ statusCode: 400, message: 'Invalid Stripe API version: 2020-08-27' })
})

test.each([
  ['unknown', { emial: 'a@b.example' }, 'parameter_unknown', 'emial', 'Received unknown parameter: emial'],
  [
    'unknown and nested',
    { address: { town: 'x' } },
    'parameter_unknown',
    'address[town]',
    'Received unknown parameter: address[town]',
  ],
])('a parameter that is %s is refused', async (_what, params, code, param, message) => {
  const error = await refusal(stripe.customers.create(params as object))
  expect(error).toMatchObject({ type: 'StripeInvalidRequestError', statusCode: 400, code, param, message })
})

test('a parameter that is missing, no number or not among the known is refused', async () => {
  const customer = await stripe.customers.create()
  const missing = await post(`/v1/customers/${customer.id}/tax_ids`, 'type=eu_vat')
  expect(await missing.json()).toMatchObject({ error: { code: 'parameter_missing', param: 'value' } })
  const list = await refusal(stripe.customers.list({ limit: Number.NaN }))
  expect(list).toMatchObject({ code: 'parameter_invalid_integer', message: 'Invalid integer: NaN' })
  const exempt = await refusal(stripe.customers.create({ tax_exempt: 'maybe' }))
  expect(exempt).toMatchObject({
    message: 'Invalid tax_exempt: must be one of none, exempt, reverse',
    param: 'tax_exempt',
  })
})

test('what is not there is a 404 that names it', async () => {
  const error = await refusal(stripe.customers.retrieve('cus_none'))
  expect(error).toMatchObject({
    statusCode: 404,
    code: 'resource_missing',
    param: 'id',
    message: "No such customer: 'cus_none'",
  })
})

test('a path that the stand-in does not know is a 501 that names it, and the SDK does not ask again', async () => {
  const error = await refusal(sdk({ maxNetworkRetries: 2 }).balance.retrieve())
  expect(error).toMatchObject({
    statusCode: 501,
    message: 'The stand-in for Stripe does not know GET /v1/balance.',
  })
})

test('the same idempotency key has the same answer, and nothing happens twice', async () => {
  const first = await stripe.customers.create({ name: 'Once' }, { idempotencyKey: 'k-once' })
  const second = await stripe.customers.create({ name: 'Once' }, { idempotencyKey: 'k-once' })
  expect(second.id).toBe(first.id)
  expect(first.lastResponse.headers['idempotent-replayed']).toBeUndefined()
  expect(second.lastResponse.headers['idempotent-replayed']).toBe('true')
  expect(second.lastResponse.headers['original-request']).toBe(first.lastResponse.requestId)
})

test('the same idempotency key with other parameters, or for something else, is an idempotency error', async () => {
  const customer = await stripe.customers.create({ name: 'One' }, { idempotencyKey: 'k-other' })
  const other = await refusal(stripe.customers.create({ name: 'Two' }, { idempotencyKey: 'k-other' }))
  expect(other).toMatchObject({ type: 'StripeIdempotencyError', statusCode: 400 })
  expect(other.message).toContain('with the same parameters they were first used with')
  const elsewhere = await refusal(
    stripe.customers.update(customer.id, { name: 'One' }, { idempotencyKey: 'k-other' }),
  )
  expect(elsewhere.message).toContain('for the same endpoint')
})

test('an error of what was begun is kept under the key, one of the parameters is not', async () => {
  const wrong = { name: 'x', nmae: 'y' }
  await refusal(stripe.customers.create(wrong, { idempotencyKey: 'k-typo' }))
  const made = await stripe.customers.create({ name: 'x' }, { idempotencyKey: 'k-typo' })
  expect(made.name).toBe('x')
  const first = await refusal(stripe.customers.update('cus_none', {}, { idempotencyKey: 'k-404' }))
  const second = await refusal(stripe.customers.update('cus_none', {}, { idempotencyKey: 'k-404' }))
  expect(second.headers?.['original-request']).toBe(first.requestId)
})

test('after a day a key is forgotten', async () => {
  const first = await stripe.customers.create({ name: 'Day' }, { idempotencyKey: 'k-day' })
  setTime(new Date((now() + 24 * 60 * 60) * 1000))
  const second = await stripe.customers.create({ name: 'Day' }, { idempotencyKey: 'k-day' })
  expect(second.id).not.toBe(first.id)
})

test('a list comes in pages, the newest first, forwards and backwards', async () => {
  const email = 'pages@acme.example'
  const ids: string[] = []
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    ids.unshift((await stripe.customers.create({ email, name })).id)
  const first = await stripe.customers.list({ email, limit: 2 })
  expect(first).toMatchObject({ object: 'list', has_more: true, url: '/v1/customers' })
  const second = await stripe.customers.list({ email, limit: 2, starting_after: first.data[1]?.id ?? '' })
  expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(ids.slice(0, 4))
  const back = await stripe.customers.list({ email, limit: 2, ending_before: ids[3] ?? '' })
  expect(back.data.map(({ id }) => id)).toEqual(ids.slice(1, 3))
  expect(back.has_more).toBe(true)
  const all = await stripe.customers.list({ email, limit: 2 }).autoPagingToArray({ limit: 100 })
  expect(all.map(({ id }) => id)).toEqual(ids)
  expect(await refusal(stripe.customers.list({ starting_after: 'cus_none' }))).toMatchObject({
    code: 'resource_missing',
  })
})

test('what is asked to be expanded comes whole, also in a list and nested', async () => {
  const { id } = await stripe.customers.create({
    name: 'Expand',
    email: 'x@acme.example',
    tax_id_data: [{ type: 'eu_vat', value: 'FR12345678901' }],
  })
  const plain = await stripe.customers.retrieve(id)
  expect(plain).not.toHaveProperty('tax_ids')
  const whole = await stripe.customers.retrieve(id, { expand: ['tax_ids.data.customer'] })
  expect(whole).toHaveProperty('tax_ids.data.0.customer.id', id)
  const listed = await stripe.customers.list({ email: 'x@acme.example', expand: ['data.tax_ids'] })
  expect(listed.data[0]?.tax_ids?.data[0]).toMatchObject({ value: 'FR12345678901', country: 'FR' })
  const error = await refusal(stripe.customers.retrieve(id, { expand: ['name'] }))
  expect(error).toMatchObject({ statusCode: 400, param: 'expand' })
})

test('metadata is merged, and an empty value takes it away', async () => {
  const { id } = await stripe.customers.create({ metadata: { keep: '1', drop: '2' } })
  const merged = await stripe.customers.update(id, { metadata: { drop: '', more: '3' } })
  expect(merged.metadata).toEqual({ keep: '1', more: '3' })
  const cleared = await stripe.customers.update(id, { metadata: '' })
  expect(cleared.metadata).toEqual({})
})

test('each change is an event that names its request and what was before', async () => {
  const customer = await stripe.customers.create({ name: 'Before' }, { idempotencyKey: 'k-event' })
  const changed = await stripe.customers.update(customer.id, { name: 'After' })
  await stripe.customers.del(customer.id)
  const events = await stripe.events.list({
    types: ['customer.created', 'customer.updated', 'customer.deleted'],
    limit: 3,
  })
  const [deleted, updated, created] = events.data
  expect(created).toMatchObject({
    type: 'customer.created',
    data: { object: { name: 'Before' } },
    request: { id: customer.lastResponse.requestId, idempotency_key: 'k-event' },
  })
  expect(updated).toMatchObject({
    data: { object: { name: 'After' }, previous_attributes: { name: 'Before' } },
    request: { id: changed.lastResponse.requestId },
  })
  expect(deleted?.type).toBe('customer.deleted')
  expect(await stripe.events.retrieve(deleted?.id ?? '')).toEqual(deleted)
  expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ deleted: true })
})

test('events are shown for 30 days', async () => {
  const { id } = await stripe.customers.create()
  const [event] = (await stripe.events.list({ limit: 1 })).data
  expect(event?.data.object).toMatchObject({ id })
  setTime(new Date((now() + 30 * 24 * 60 * 60) * 1000))
  expect((await stripe.events.list()).data).toEqual([])
  expect(await refusal(stripe.events.retrieve(event?.id ?? ''))).toMatchObject({ statusCode: 404 })
})

test('a default payment method is the customer’s own', async () => {
  const customer = await stripe.customers.create()
  const other = await stripe.customers.create()
  const { id } = await stripe.paymentMethods.attach('pm_card_visa', { customer: other.id })
  const error = await refusal(
    stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: id } }),
  )
  expect(error).toMatchObject({ param: 'invoice_settings[default_payment_method]' })
})
