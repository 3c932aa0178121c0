import type Stripe from 'stripe'
import { expect, test } from 'vitest'
import { refusal, stripeForTests, submit, whole } from '@/sandbox/test/stripe'

const { stripe, url, now, setTime } = await stripeForTests()
const day = 24 * 60 * 60

const once = await stripe.prices.create({
  product_data: { name: 'Forms Pro' },
  currency: 'eur',
  unit_amount: 12_000,
  tax_behavior: 'exclusive',
  currency_options: { jpy: { unit_amount: 20_000, tax_behavior: 'exclusive' } },
})
const yearly = await stripe.prices.create({
  product_data: { name: 'Forms Pro' },
  currency: 'eur',
  unit_amount: 12_000,
  tax_behavior: 'exclusive',
  recurring: { interval: 'year' },
})

const success_url = 'https://portal.example/paid?session={CHECKOUT_SESSION_ID}'
const cancel_url = 'https://portal.example/back'
const person = {
  email: 'ada@acme.example',
  name: 'Acme SAS',
  line1: '1 rue X',
  postal_code: '69001',
  city: 'Lyon',
  country: 'fr',
}
const card = (number: string) => ({ ...person, method: 'card', card: number })
const debit = (iban: string) => ({ ...person, method: 'sepa_debit', iban })

const open = (more: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  stripe.checkout.sessions.create({
    mode: 'payment',
    line_items: [{ price: once.id, quantity: 1, metadata: { key: 'K-7QF3XM' } }],
    success_url,
    cancel_url,
    ...more,
  })

const eventsOf = async (...ids: (string | null)[]) => {
  const { data } = await stripe.events.list({ limit: 100 })
  return data
    .filter(({ data: { object } }) => 'id' in object && ids.includes(String(object.id)))
    .map(({ type }) => type)
    .reverse()
}

test('a Checkout is paid by card on its page, and leaves an invoice', async () => {
  const customer = await stripe.customers.create({ name: 'Acme', email: 'ada@acme.example' })
  const session = await open({
    customer: customer.id,
    customer_update: { address: 'auto', name: 'auto' },
    automatic_tax: { enabled: true },
    tax_id_collection: { enabled: true },
    client_reference_id: 'order-1',
    metadata: { order: '1' },
    invoice_creation: { enabled: true, invoice_data: { metadata: { order: '1' }, footer: 'Thanks' } },
    payment_intent_data: { metadata: { order: '1' }, setup_future_usage: 'off_session' },
  })
  expect(session).toMatchObject({
    status: 'open',
    payment_status: 'unpaid',
    payment_intent: null,
    invoice: null,
    amount_subtotal: 12_000,
    amount_total: 12_000,
    automatic_tax: { status: 'requires_location_inputs' },
  })
  const shown = await (await fetch(session.url ?? '')).text()
  expect(shown).toContain('1 × Forms Pro')
  expect(shown).toContain(cancel_url)
  const paid = await submit(session.url ?? '', { ...card('4242 4242 4242 4242'), tax_id: 'FR 12345678901' })
  expect(paid).toMatchObject({ status: 303, location: `https://portal.example/paid?session=${session.id}` })
  const after = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ['line_items', 'payment_intent.latest_charge', 'invoice.payments', 'customer.tax_ids'],
  })
  expect(after).toMatchObject({
    status: 'complete',
    payment_status: 'paid',
    url: null,
    client_reference_id: 'order-1',
    amount_total: 14_400,
    total_details: { amount_tax: 2_400 },
    customer_details: {
      name: 'Acme SAS',
      address: { country: 'FR' },
      tax_ids: [{ type: 'eu_vat', value: 'FR12345678901' }],
    },
    line_items: {
      data: [
        { amount_total: 14_400, amount_tax: 2_400, metadata: { key: 'K-7QF3XM' }, price: { id: once.id } },
      ],
    },
    payment_intent: { status: 'succeeded', metadata: { order: '1' }, latest_charge: { paid: true } },
    invoice: {
      status: 'paid',
      total: 14_400,
      amount_paid: 14_400,
      footer: 'Thanks',
      metadata: { order: '1' },
      customer_tax_ids: [{ value: 'FR12345678901' }],
    },
    customer: {
      name: 'Acme SAS',
      address: { city: 'Lyon' },
      tax_ids: { data: [{ value: 'FR12345678901' }] },
    },
  })
  const invoice = whole(after.invoice)
  expect(invoice.payments?.data[0]?.payment.payment_intent).toBe(whole(after.payment_intent).id)
  expect(invoice.lines.data[0]?.metadata).toEqual({ key: 'K-7QF3XM' })
  expect(await eventsOf(session.id, invoice.id)).toEqual([
    'invoice.created',
    'invoice.finalized',
    'invoice.paid',
    'invoice.payment_succeeded',
    'checkout.session.completed',
  ])
  expect((await submit(session.url ?? '', card('4242424242424242'))).text).toContain('This is already paid')
  const pdf = Buffer.from(await (await fetch(invoice.invoice_pdf ?? '')).arrayBuffer()).toString('latin1')
  expect(pdf).toMatch(/^%PDF-1\.4[\s\S]*Invoice [A-Z0-9]{8}-0001[\s\S]*%%EOF\n$/)
  expect(await (await fetch(invoice.hosted_invoice_url ?? '')).text()).toContain('€144.00')
})

test('a declined card leaves it open for another', async () => {
  const session = await open()
  const declined = await submit(session.url ?? '', card('4000000000000002'))
  expect(declined).toMatchObject({ status: 402, location: null })
  expect(declined.text).toContain('Your card was declined.')
  expect((await submit(session.url ?? '', card('4000000000009995'))).text).toContain('insufficient funds')
  expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
    status: 'open',
    payment_status: 'unpaid',
  })
  expect((await submit(session.url ?? '', card('4242424242424242'))).status).toBe(303)
  const { payment_intent: intent } = await stripe.checkout.sessions.retrieve(session.id)
  expect(await eventsOf(String(intent))).toEqual([
    'payment_intent.created',
    'payment_intent.payment_failed',
    'payment_intent.payment_failed',
    'payment_intent.succeeded',
  ])
})

test.each([['payment'], ['subscription'], ['setup']] as const)(
  '3-D Secure asks on a second page, and may be refused first (%s)',
  async (mode) => {
    const customer = await stripe.customers.create()
    const lines =
      mode === 'setup'
        ? {}
        : { line_items: [{ price: mode === 'payment' ? once.id : yearly.id, quantity: 1 }] }
    const session = await stripe.checkout.sessions.create({
      mode,
      success_url,
      customer: customer.id,
      ...lines,
    })
    for (const answer of ['fail', 'complete']) {
      const asked = await submit(session.url ?? '', card('4000 0000 0000 3220'))
      expect(asked.location).toContain(`${url}/authenticate/`)
      expect(await (await fetch(asked.location ?? '')).text()).toContain('is it you?')
      const then = await submit(asked.location ?? '', { answer })
      expect(then.location).toBe(
        answer === 'fail'
          ? `${session.url}?declined=authentication`
          : success_url.replace('{CHECKOUT_SESSION_ID}', session.id),
      )
    }
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'complete' })
  },
)

test.each([
  ['AT321904300235473204', 'paid', 'checkout.session.async_payment_succeeded'],
  ['AT051904300235473205', 'unpaid', 'checkout.session.async_payment_failed'],
])('a debit of %s is complete at once, and %s after three minutes', async (iban, status, type) => {
  const session = await open({ invoice_creation: { enabled: true } })
  await submit(session.url ?? '', debit(iban))
  expect(await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] })).toMatchObject({
    status: 'complete',
    payment_status: 'unpaid',
    invoice: null,
    payment_intent: { status: 'processing' },
  })
  setTime(new Date((now() + 180) * 1000))
  const after = await stripe.checkout.sessions.retrieve(session.id, { expand: ['invoice'] })
  expect(after.payment_status).toBe(status)
  expect(after.invoice).toEqual(status === 'paid' ? expect.objectContaining({ status: 'paid' }) : null)
  expect(await eventsOf(session.id)).toEqual(['checkout.session.completed', type])
})

test('a subscription is paid by Checkout, and renews by the same card', async () => {
  const session = await open({
    mode: 'subscription',
    line_items: [{ price: yearly.id, quantity: 1 }],
    automatic_tax: { enabled: true },
    subscription_data: { metadata: { sub: '1' } },
  })
  await submit(session.url ?? '', card('4242424242424242'))
  const after = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ['subscription.default_payment_method', 'invoice'],
  })
  expect(after).toMatchObject({
    payment_status: 'paid',
    amount_total: 14_400,
    invoice: { status: 'paid', billing_reason: 'subscription_create' },
    subscription: {
      status: 'active',
      metadata: { sub: '1' },
      default_payment_method: { card: { last4: '4242' } },
    },
  })
  const { id } = whole(after.subscription)
  setTime(new Date((now() + 367 * day) * 1000))
  expect((await stripe.invoices.list({ subscription: id })).data).toMatchObject([
    { status: 'paid', total: 14_400 },
    { status: 'paid' },
  ])
})

test('a subscription by debit is active while the money is on its way', async () => {
  const session = await open({ mode: 'subscription', line_items: [{ price: yearly.id, quantity: 1 }] })
  await submit(session.url ?? '', debit('AT321904300235473204'))
  const expand = ['subscription', 'invoice']
  expect(await stripe.checkout.sessions.retrieve(session.id, { expand })).toMatchObject({
    payment_status: 'unpaid',
    invoice: { status: 'open' },
    subscription: { status: 'active' },
  })
  setTime(new Date((now() + 180) * 1000))
  expect(await stripe.checkout.sessions.retrieve(session.id, { expand })).toMatchObject({
    payment_status: 'paid',
    invoice: { status: 'paid' },
  })
})

test.each([
  ['a trial', () => ({ trial_end: now() + 100 * day }), 'trialing', 0],
  [
    'an anchor',
    () => ({ billing_cycle_anchor: now() + 100 * day, proration_behavior: 'none' as const }),
    'active',
    null,
  ],
])('with %s nothing is paid now, and the card is charged then', async (_what, data, status, total) => {
  const session = await open({
    mode: 'subscription',
    line_items: [{ price: yearly.id, quantity: 1 }],
    subscription_data: data(),
  })
  const first = now() + 100 * day
  await submit(session.url ?? '', card('4242424242424242'))
  const after = await stripe.checkout.sessions.retrieve(session.id, {
    expand: ['subscription.latest_invoice'],
  })
  expect(after).toMatchObject({
    payment_status: 'no_payment_required',
    subscription: { status, billing_cycle_anchor: first },
  })
  const subscription = whole(after.subscription)
  expect(subscription.latest_invoice && whole(subscription.latest_invoice).total).toBe(total)
  setTime(new Date((first + 3600) * 1000))
  const [renewal] = (await stripe.invoices.list({ subscription: subscription.id })).data
  expect(renewal).toMatchObject({ status: 'paid', total: 12_000 })
})

test('a payment method is set up without paying', async () => {
  const customer = await stripe.customers.create()
  const session = await stripe.checkout.sessions.create({
    mode: 'setup',
    currency: 'eur',
    customer: customer.id,
    success_url,
  })
  expect(session).toMatchObject({ payment_status: 'no_payment_required', amount_total: null })
  expect((await submit(session.url ?? '', card('4000000000000002'))).text).toContain('declined')
  await submit(session.url ?? '', card('4242424242424242'))
  const after = await stripe.checkout.sessions.retrieve(session.id, { expand: ['setup_intent'] })
  expect(after).toMatchObject({
    status: 'complete',
    setup_intent: { status: 'succeeded', customer: customer.id },
  })
})

test('it costs what it costs in the currency that was asked for', async () => {
  const session = await open({ currency: 'jpy' })
  expect(session).toMatchObject({ currency: 'jpy', amount_total: 20_000, payment_method_types: ['card'] })
  expect(await (await fetch(session.url ?? '')).text()).toContain('¥20,000')
  expect((await refusal(open({ currency: 'gbp' }))).message).toContain(
    "doesn't match the expected currency: `gbp`",
  )
})

test('it expires by itself, or when it is told to, and cannot be paid then', async () => {
  const session = await open({ expires_at: now() + 3600 })
  const other = await open()
  expect(await stripe.checkout.sessions.expire(other.id)).toMatchObject({ status: 'expired', url: null })
  expect((await refusal(stripe.checkout.sessions.expire(other.id))).message).toContain(
    'has a status of `expired`',
  )
  setTime(new Date((now() + 3600) * 1000))
  expect((await fetch(session.url ?? '')).status).toBe(410)
  expect((await submit(session.url ?? '', card('4242424242424242'))).text).toContain(
    'This Checkout has expired',
  )
  expect(await eventsOf(session.id)).toEqual(['checkout.session.expired'])
  expect((await refusal(open({ expires_at: now() + 60 }))).param).toBe('expires_at')
})

test.each<[string, () => object, string]>([
  ['no lines', () => ({ line_items: [] }), 'line_items'],
  ['a price that recurs', () => ({ line_items: [{ price: yearly.id, quantity: 1 }] }), 'mode'],
  ['tax where nobody is', () => ({ customer: 'none', automatic_tax: { enabled: true } }), 'automatic_tax'],
  [
    'a tax ID without the name',
    () => ({ customer: 'none', tax_id_collection: { enabled: true } }),
    'tax_id_collection',
  ],
  [
    'a trial that ends tomorrow',
    () => ({
      mode: 'subscription',
      line_items: [{ price: yearly.id, quantity: 1 }],
      subscription_data: { trial_end: now() + day },
    }),
    'subscription_data[trial_end]',
  ],
])('%s is refused', async (_what, params, param) => {
  const { id } = await stripe.customers.create()
  const given = params()
  const error = await refusal(open({ ...given, ...('customer' in given ? { customer: id } : {}) }))
  expect(error).toMatchObject({ statusCode: 400, param })
})

test('the customer portal changes card, address and tax ID', async () => {
  const customer = await stripe.customers.create({ name: 'Acme' })
  const session = await stripe.billingPortal.sessions.create({
    customer: customer.id,
    return_url: cancel_url,
  })
  expect(await (await fetch(session.url)).text()).toContain(cancel_url)
  expect((await submit(session.url, { card: '4000000000000002' })).text).toContain('Your card was declined.')
  await submit(session.url, { card: '4242424242424242' })
  await submit(session.url, { name: 'Acme GmbH', country: 'de', city: 'Bonn' })
  await submit(session.url, { tax_id: 'DE123456789' })
  const after = await stripe.customers.retrieve(customer.id, {
    expand: ['invoice_settings.default_payment_method', 'tax_ids'],
  })
  expect(after).toMatchObject({
    name: 'Acme GmbH',
    address: { country: 'DE', city: 'Bonn' },
    invoice_settings: { default_payment_method: { card: { last4: '4242' } } },
    tax_ids: { data: [{ value: 'DE123456789' }] },
  })
  setTime(new Date((now() + 3601) * 1000))
  expect((await fetch(session.url)).status).toBe(400)
})

test('what is written on a page is text, whatever it holds', async () => {
  const price = await stripe.prices.create({
    product_data: { name: '<script>x</script>' },
    currency: 'eur',
    unit_amount: 1,
  })
  const session = await open({ line_items: [{ price: price.id, quantity: 1 }] })
  const shown = await (await fetch(session.url ?? '')).text()
  expect(shown).not.toContain('<script>')
})
