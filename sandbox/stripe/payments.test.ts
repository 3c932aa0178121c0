import { expect, test } from 'vitest'
import { refusal, stripeForTests } from '@/sandbox/test/stripe'

const { stripe, now, setTime } = await stripeForTests()

const pay = (method: string, more: object = {}) =>
  stripe.paymentIntents.create({
    amount: 1200,
    currency: 'eur',
    payment_method: method,
    confirm: true,
    ...more,
  })

const iban = async (number: string) =>
  (
    await stripe.paymentMethods.create({
      type: 'sepa_debit',
      sepa_debit: { iban: number },
      billing_details: { name: 'A', email: 'a@b.example' },
    })
  ).id

const typesSince = async (id: string) => {
  const { data } = await stripe.events.list({ limit: 100 })
  return data
    .filter((event) => JSON.stringify(event.data.object).includes(id))
    .map(({ type }) => type)
    .reverse()
}

test('a good card is charged at once', async () => {
  const intent = await pay('pm_card_visa', { description: 'Forms Pro', metadata: { order: '1' } })
  expect(intent).toMatchObject({ status: 'succeeded', amount_received: 1200, description: 'Forms Pro' })
  const whole = await stripe.paymentIntents.retrieve(intent.id, {
    expand: ['latest_charge.refunds', 'payment_method'],
  })
  expect(whole.latest_charge).toMatchObject({
    paid: true,
    status: 'succeeded',
    metadata: { order: '1' },
    refunds: { data: [] },
  })
  expect(whole.payment_method).toMatchObject({ card: { last4: '4242', brand: 'visa' } })
  expect(await typesSince(intent.id)).toEqual([
    'payment_intent.created',
    'charge.succeeded',
    'payment_intent.succeeded',
  ])
})

test.each([
  ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', ''],
])('%s is declined with its reason, and the intent waits for another card', async (method, code, decline) => {
  const error = await refusal(pay(method))
  expect(error).toMatchObject({ type: 'StripeCardError', statusCode: 402, code, decline_code: decline })
  const intent = await stripe.paymentIntents.retrieve(error.payment_intent?.id ?? '')
  expect(intent).toMatchObject({ status: 'requires_payment_method', last_payment_error: { code } })
  expect(await typesSince(intent.id)).toEqual([
    'payment_intent.created',
    'charge.failed',
    'payment_intent.payment_failed',
  ])
  expect(await stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })).toMatchObject({
    status: 'succeeded',
  })
})

test('a card that asks its holder waits for them; off session it is declined', async () => {
  const waiting = await pay('pm_card_threeDSecure2Required', { return_url: 'https://portal.example/back' })
  expect(waiting).toMatchObject({ status: 'requires_action', next_action: { type: 'redirect_to_url' } })
  const error = await refusal(pay('pm_card_authenticationRequired', { off_session: true }))
  expect(error).toMatchObject({ statusCode: 402, code: 'authentication_required' })
})

test.each([
  ['AT611904300234573201', 0, 'succeeded'],
  ['AT321904300235473204', 180, 'succeeded'],
  ['AT861904300235473202', 0, 'requires_payment_method'],
  ['AT051904300235473205', 180, 'requires_payment_method'],
])('a debit of %s is processing, and after %i seconds %s', async (number, after, status) => {
  const intent = await pay(await iban(number))
  expect(intent.status).toBe('processing')
  if (after) {
    setTime(new Date((now() + after - 1) * 1000))
    expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status: 'processing' })
    setTime(new Date((now() + 1) * 1000))
  }
  expect(await stripe.paymentIntents.retrieve(intent.id)).toMatchObject({ status })
  const ends =
    status === 'succeeded'
      ? ['charge.succeeded', 'payment_intent.succeeded']
      : ['charge.failed', 'payment_intent.payment_failed']
  expect(await typesSince(intent.id)).toEqual([
    'payment_intent.created',
    'charge.pending',
    'payment_intent.processing',
    ...ends,
  ])
})

test('a charge is refunded in parts, and never more than there is', async () => {
  const intent = await pay('pm_card_visa')
  const first = await stripe.refunds.create({
    payment_intent: intent.id,
    amount: 500,
    metadata: { line: '1' },
  })
  expect(first).toMatchObject({ status: 'succeeded', amount: 500, metadata: { line: '1' } })
  const charge = String(first.charge)
  expect(await stripe.charges.retrieve(charge)).toMatchObject({ amount_refunded: 500, refunded: false })
  expect((await refusal(stripe.refunds.create({ charge, amount: 701 }))).message).toContain(
    'greater than unrefunded amount on charge (700)',
  )
  await stripe.refunds.create({ charge })
  expect(await stripe.charges.retrieve(charge, { expand: ['refunds'] })).toMatchObject({
    refunded: true,
    refunds: { data: [{ amount: 700 }, { amount: 500 }] },
  })
  expect(await refusal(stripe.refunds.create({ charge }))).toMatchObject({ code: 'charge_already_refunded' })
  const { data } = await stripe.events.list({ type: 'charge.refunded', limit: 2 })
  expect(data[0]?.data).toMatchObject({
    object: { refunded: true },
    previous_attributes: { amount_refunded: 500, refunded: false },
  })
})

test.each([
  [
    'winning_evidence',
    'won',
    [
      'charge.dispute.updated',
      'charge.dispute.updated',
      'charge.dispute.closed',
      'charge.dispute.funds_reinstated',
    ],
  ],
  ['losing_evidence', 'lost', ['charge.dispute.updated', 'charge.dispute.updated', 'charge.dispute.closed']],
])('a disputed card opens a dispute, and %s has it %s', async (evidence, status, events) => {
  const intent = await pay('pm_card_createDispute')
  const [dispute] = (await stripe.disputes.list({ payment_intent: intent.id })).data
  expect(dispute).toMatchObject({ status: 'needs_response', reason: 'fraudulent', amount: 1200 })
  expect(await refusal(stripe.refunds.create({ payment_intent: intent.id }))).toMatchObject({
    code: 'charge_disputed',
  })
  const id = dispute?.id ?? ''
  const closed = await stripe.disputes.update(id, { evidence: { uncategorized_text: evidence } })
  expect(closed).toMatchObject({ status, evidence_details: { has_evidence: true, submission_count: 1 } })
  expect(await typesSince(id)).toEqual([
    'charge.dispute.created',
    'charge.dispute.funds_withdrawn',
    ...events,
  ])
})

test('a card is set up for a customer, and then charged without asking', async () => {
  const customer = await stripe.customers.create({ name: 'Setup' })
  const intent = await stripe.setupIntents.create({
    customer: customer.id,
    payment_method: 'pm_card_visa',
    confirm: true,
  })
  expect(intent.status).toBe('succeeded')
  const { data } = await stripe.customers.listPaymentMethods(customer.id)
  expect(data).toMatchObject([{ type: 'card', customer: customer.id }])
  expect(
    (await refusal(stripe.paymentMethods.attach('pm_card_chargeDeclined', { customer: customer.id }))).type,
  ).toBe('StripeCardError')
  const attached = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id })
  expect(await refusal(pay(attached.id, { customer: customer.id }))).toMatchObject({ code: 'card_declined' })
})
