import { expect, test } from 'vitest'
import { refusal, stripeForTests } from '@/sandbox/test/stripe'

const { stripe, now, setTime } = await stripeForTests()
const day = 24 * 60 * 60

const acme = () =>
  stripe.customers.create({ name: 'Acme', email: 'pay@acme.example', address: { country: 'FR' } })

async function draft(customer: string, more: object = {}) {
  const invoice = await stripe.invoices.create({ customer, currency: 'eur', ...more })
  const price = await stripe.prices.create({
    product_data: { name: 'Forms Pro' },
    currency: 'eur',
    unit_amount: 12_000,
    tax_behavior: 'exclusive',
  })
  await stripe.invoiceItems.create({
    customer,
    invoice: invoice.id,
    pricing: { price: price.id },
    quantity: 2,
    description: 'Forms Pro on Service desk, K-7QF3XM',
    metadata: { key: 'K-7QF3XM' },
    period: { start: now(), end: now() + 365 * day },
  })
  return stripe.invoices.retrieve(invoice.id)
}

const typesOf = async (id: string) => {
  const { data } = await stripe.events.list({ limit: 100 })
  return data
    .filter(({ data: { object } }) => 'id' in object && object.id === id)
    .map(({ type }) => type)
    .reverse()
}

test('an invoice is drafted with its lines and tax, finalized with a number, and paid', async () => {
  const { id } = await acme()
  const invoice = await draft(id, { automatic_tax: { enabled: true } })
  expect(invoice).toMatchObject({
    status: 'draft',
    number: null,
    subtotal: 24_000,
    total: 28_800,
    total_excluding_tax: 24_000,
    amount_due: 28_800,
  })
  expect(invoice.total_taxes).toMatchObject([
    { amount: 4_800, tax_behavior: 'exclusive', taxability_reason: 'standard_rated', taxable_amount: 24_000 },
  ])
  expect(invoice.lines.data).toMatchObject([
    {
      description: 'Forms Pro on Service desk, K-7QF3XM',
      quantity: 2,
      metadata: { key: 'K-7QF3XM' },
      period: { end: now() + 365 * day },
    },
  ])
  const open = await stripe.invoices.finalizeInvoice(invoice.id)
  expect(open).toMatchObject({ status: 'open', amount_remaining: 28_800 })
  expect(open.number).toMatch(/^[A-Z0-9]{8}-0001$/)
  const error = await refusal(stripe.invoices.pay(open.id, { payment_method: 'pm_card_chargeDeclined' }))
  expect(error).toMatchObject({ statusCode: 402, code: 'card_declined' })
  expect(await stripe.invoices.retrieve(open.id)).toMatchObject({
    status: 'open',
    attempted: true,
    attempt_count: 1,
  })
  const paid = await stripe.invoices.pay(open.id, { payment_method: 'pm_card_visa' })
  expect(paid).toMatchObject({ status: 'paid', amount_paid: 28_800, amount_remaining: 0, attempt_count: 1 })
  const whole = await stripe.invoices.retrieve(open.id, {
    expand: ['payments.data.payment.payment_intent', 'confirmation_secret'],
  })
  expect(whole.payments?.data).toMatchObject([
    { status: 'paid', amount_paid: 28_800, payment: { payment_intent: { status: 'succeeded' } } },
  ])
  expect(await typesOf(invoice.id)).toEqual([
    'invoice.created',
    'invoice.updated',
    'invoice.finalized',
    'invoice.payment_failed',
    'invoice.paid',
    'invoice.payment_succeeded',
  ])
  const intent = whole.payments?.data[0]?.payment.payment_intent
  const payment_intent = typeof intent === 'object' ? intent.id : ''
  const { data } = await stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent } })
  expect(data.map((payment) => payment.invoice)).toEqual([invoice.id])
})

test.each([
  ['FR', [], 2_000, 'standard_rated'],
  ['DE', [], 2_000, 'standard_rated'],
  ['DE', [{ type: 'eu_vat' as const, value: 'DE123456789' }], 0, 'reverse_charge'],
  ['US', [], 0, 'not_collecting'],
])('tax in %s with numbers %j is %i', async (country, taxIds, tax, reason) => {
  const customer = await stripe.customers.create({ address: { country }, tax_id_data: taxIds })
  const invoice = await stripe.invoices.create({ customer: customer.id, automatic_tax: { enabled: true } })
  await stripe.invoiceItems.create({
    customer: customer.id,
    invoice: invoice.id,
    amount: 10_000,
    currency: 'eur',
  })
  const { total, total_taxes: taxes } = await stripe.invoices.retrieve(invoice.id)
  expect([total, taxes?.[0]?.amount, taxes?.[0]?.taxability_reason]).toEqual([10_000 + tax, tax, reason])
})

test('tax that a price includes stays within it, to the smallest unit', async () => {
  const { id } = await acme()
  const invoice = await stripe.invoices.create({
    customer: id,
    currency: 'jpy',
    automatic_tax: { enabled: true },
  })
  await stripe.invoiceItems.create({
    customer: id,
    invoice: invoice.id,
    amount: 999,
    currency: 'jpy',
    tax_behavior: 'inclusive',
  })
  expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({
    total: 999,
    total_excluding_tax: 833,
    subtotal: 999,
    subtotal_excluding_tax: 833,
  })
})

test('an invoice that is sent becomes overdue on its day, and can be voided, or written off and still be paid', async () => {
  const { id } = await acme()
  const sent = { collection_method: 'send_invoice', days_until_due: 29 }
  const first = await stripe.invoices.sendInvoice((await draft(id, sent)).id)
  const second = await stripe.invoices.sendInvoice((await draft(id, sent)).id)
  expect(first.due_date).toBe(now() + 29 * day)
  setTime(new Date((now() + 29 * day) * 1000))
  expect(await typesOf(first.id)).toEqual([
    'invoice.created',
    'invoice.updated',
    'invoice.finalized',
    'invoice.sent',
    'invoice.overdue',
  ])
  expect(await stripe.invoices.voidInvoice(first.id)).toMatchObject({ status: 'void' })
  expect((await refusal(stripe.invoices.pay(first.id, { paid_out_of_band: true }))).message).toContain(
    'voided',
  )
  expect(await stripe.invoices.markUncollectible(second.id)).toMatchObject({
    status: 'uncollectible',
    status_details: { uncollectible: { reason: 'user_forgiven' } },
  })
  expect(await stripe.invoices.pay(second.id, { paid_out_of_band: true })).toMatchObject({
    status: 'paid',
    amount_paid: 24_000,
  })
})

test('with auto_advance a draft is finalized and charged after an hour', async () => {
  const { id } = await acme()
  await stripe.paymentMethods.attach('pm_card_visa', { customer: id })
  const [method] = (await stripe.customers.listPaymentMethods(id)).data
  await stripe.customers.update(id, { invoice_settings: { default_payment_method: method?.id ?? '' } })
  const invoice = await draft(id, { auto_advance: true })
  expect(invoice.automatically_finalizes_at).toBe(now() + 3600)
  setTime(new Date((now() + 3600) * 1000))
  expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({ status: 'paid', attempt_count: 1 })
})

test('a paid invoice is credited line by line, with its tax, and the money goes back', async () => {
  const { id } = await acme()
  const { id: invoice } = await draft(id, { automatic_tax: { enabled: true } })
  const paid = await stripe.invoices.pay(invoice, { payment_method: 'pm_card_visa' })
  const line = paid.lines.data[0]?.id ?? ''
  const lines = [{ type: 'invoice_line_item' as const, invoice_line_item: line, quantity: 1 }]
  expect((await refusal(stripe.creditNotes.create({ invoice, lines }))).message).toContain(
    'must equal the credit note amount (14400)',
  )
  const note = await stripe.creditNotes.create(
    { invoice, lines, refund_amount: 14_400, reason: 'order_change' },
    { idempotencyKey: 'cn' },
  )
  expect(note).toMatchObject({
    amount: 14_400,
    subtotal: 12_000,
    type: 'post_payment',
    number: `${paid.number}-CN-01`,
  })
  const refund = await stripe.refunds.retrieve(String(note.refunds[0]?.refund))
  expect(refund).toMatchObject({ amount: 14_400, status: 'succeeded' })
  expect(await stripe.invoices.retrieve(invoice)).toMatchObject({
    status: 'paid',
    post_payment_credit_notes_amount: 14_400,
  })
  expect(await typesOf(note.id)).toEqual(['credit_note.created'])
})

test('an open invoice is credited before it is paid', async () => {
  const { id } = await acme()
  const { id: invoice } = await draft(id)
  await stripe.invoices.finalizeInvoice(invoice)
  const note = await stripe.creditNotes.create({ invoice, amount: 4_000 })
  expect(note.type).toBe('pre_payment')
  expect(await stripe.invoices.retrieve(invoice)).toMatchObject({
    amount_remaining: 20_000,
    pre_payment_credit_notes_amount: 4_000,
  })
  await stripe.creditNotes.voidCreditNote(note.id)
  expect(await stripe.invoices.retrieve(invoice)).toMatchObject({ amount_remaining: 24_000 })
  await stripe.creditNotes.create({ invoice, amount: 24_000 })
  expect(await stripe.invoices.retrieve(invoice)).toMatchObject({ status: 'paid', amount_paid: 0 })
})

test('what an invoice would say is shown before there is one, with the tax of a place', async () => {
  const { id } = await acme()
  const price = await stripe.prices.create({
    product_data: { name: 'Sync' },
    currency: 'eur',
    unit_amount: 5_000,
    tax_behavior: 'exclusive',
  })
  const asked = {
    customer: id,
    automatic_tax: { enabled: true },
    invoice_items: [{ price: price.id, quantity: 2, metadata: { key: 'K-1' } }],
  }
  const shown = await stripe.invoices.createPreview(asked)
  expect(shown).toMatchObject({
    total: 12_000,
    total_excluding_tax: 10_000,
    lines: { data: [{ description: 'Sync', metadata: { key: 'K-1' } }] },
  })
  const abroad = { address: { country: 'DE' }, tax_ids: [{ type: 'eu_vat' as const, value: 'DE123456789' }] }
  expect(await stripe.invoices.createPreview({ ...asked, customer_details: abroad })).toMatchObject({
    total: 10_000,
  })
  expect((await stripe.invoices.list({ customer: id })).data).toEqual([])
  expect(await refusal(stripe.invoices.retrieve(shown.id))).toMatchObject({ statusCode: 404 })
})

test('a line of a draft is described otherwise, and one of a final invoice is not', async () => {
  const { id } = await acme()
  const { id: invoice } = await draft(id)
  const [line] = (await stripe.invoices.retrieve(invoice)).lines.data
  const say = (description: string, of = line?.id ?? '') =>
    stripe.invoices.updateLineItem(invoice, of, { description })
  expect(await say('Forms Pro (K-1)')).toMatchObject({ ...line, description: 'Forms Pro (K-1)' })
  expect((await stripe.invoiceItems.list({ invoice })).data).toMatchObject([
    { description: 'Forms Pro (K-1)' },
  ])
  expect(await refusal(say('Other', 'il_none'))).toMatchObject({ statusCode: 404 })
  const { total, lines } = await stripe.invoices.finalizeInvoice(invoice)
  expect({ total, said: lines.data[0]?.description }).toEqual({ total: 24_000, said: 'Forms Pro (K-1)' })
  expect(await refusal(say('Late'))).toMatchObject({ statusCode: 400, code: 'invoice_not_editable' })
})
