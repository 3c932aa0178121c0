import { expect, test } from 'vitest'
import { periodEnd } from '@/sandbox/stripe/periods'
import { refusal, stripeForTests } from '@/sandbox/test/stripe'

const { stripe, now, setTime } = await stripeForTests()
const day = 24 * 60 * 60
const hour = 60 * 60

async function acme(method = 'pm_card_visa') {
  const customer = await stripe.customers.create({ name: 'Acme', address: { country: 'FR' } })
  const attached = await stripe.paymentMethods.attach(method, { customer: customer.id })
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: attached.id } })
  return customer.id
}

const yearly = await stripe.prices.create({
  product_data: { name: 'Forms Pro' },
  currency: 'eur',
  unit_amount: 12_000,
  tax_behavior: 'exclusive',
  recurring: { interval: 'year' },
})
const items = [{ price: yearly.id }]
const moveTo = (moment: number) => setTime(new Date(moment * 1000))
const utc = (text: string) => Date.parse(text) / 1000

const eventsOf = async (id: string) => {
  const { data } = await stripe.events.list({ limit: 100 })
  return data
    .filter(({ data: { object } }) => JSON.stringify(object).includes(id))
    .map(({ type }) => type)
    .reverse()
}

const invoicesOf = async (subscription: string) => (await stripe.invoices.list({ subscription })).data

test.each([
  ['2027-01-31T10:00:00Z', 'month', '2027-02-28T09:00:00Z', '2027-02-28T10:00:00Z'],
  ['2027-01-31T10:00:00Z', 'month', '2027-02-28T10:00:00Z', '2027-03-31T10:00:00Z'],
  ['2028-02-29T00:00:00Z', 'year', '2028-03-01T00:00:00Z', '2029-02-28T00:00:00Z'],
  ['2028-02-29T00:00:00Z', 'year', '2031-03-01T00:00:00Z', '2032-02-29T00:00:00Z'],
  ['2027-03-01T00:00:00Z', 'week', '2027-03-08T00:00:00Z', '2027-03-15T00:00:00Z'],
])('a period from %s by the %s ends after %s at %s', (anchor, interval, from, end) => {
  const recurring = {
    interval,
    interval_count: 1,
    meter: null,
    trial_period_days: null,
    usage_type: 'licensed',
  }
  expect(periodEnd(utc(anchor), utc(from), recurring)).toBe(utc(end))
})

test('a subscription is charged at once, and renews by the clock', async () => {
  const customer = await acme()
  const start = now()
  const subscription = await stripe.subscriptions.create({
    customer,
    items,
    metadata: { term: '1' },
    automatic_tax: { enabled: true },
  })
  expect(subscription).toMatchObject({
    status: 'active',
    items: { data: [{ current_period_start: start, quantity: 1 }] },
  })
  expect(subscription).not.toHaveProperty('current_period_end')
  const first = await stripe.invoices.retrieve(String(subscription.latest_invoice))
  expect(first).toMatchObject({
    status: 'paid',
    billing_reason: 'subscription_create',
    total: 14_400,
    parent: { subscription_details: { subscription: subscription.id, metadata: { term: '1' } } },
  })
  expect(first.lines.data[0]).toMatchObject({
    description: '1 × Forms Pro (at €120.00 / year)',
    metadata: { term: '1' },
  })
  const end = subscription.items.data[0]?.current_period_end ?? 0
  moveTo(end)
  const [draft] = await invoicesOf(subscription.id)
  expect(draft).toMatchObject({
    status: 'draft',
    billing_reason: 'subscription_cycle',
    automatically_finalizes_at: end + hour,
  })
  moveTo(end + hour)
  const [second] = await invoicesOf(subscription.id)
  expect(second).toMatchObject({ status: 'paid', lines: { data: [{ period: { start: end } }] } })
  const renewed = await stripe.subscriptions.retrieve(subscription.id, {
    expand: ['latest_invoice', 'customer'],
  })
  expect(renewed).toMatchObject({
    status: 'active',
    latest_invoice: { id: second?.id },
    items: { data: [{ current_period_start: end }] },
  })
})

test('ten years at once renew ten times, each at its own moment', async () => {
  const subscription = await stripe.subscriptions.create({ customer: await acme(), items })
  moveTo(utc('2038-06-01T00:00:00Z'))
  const invoices = await invoicesOf(subscription.id)
  expect(invoices).toHaveLength(10)
  expect(invoices.every(({ status }) => status === 'paid')).toBe(true)
  const years = invoices.map(({ created }) => new Date(created * 1000).getUTCFullYear())
  expect(new Set(years).size).toBe(years.length)
})

test('a trial is free until its end, announced three days before, and then charged', async () => {
  const trialEnd = now() + 30 * day
  const subscription = await stripe.subscriptions.create({
    customer: await acme(),
    items,
    trial_end: trialEnd,
  })
  expect(subscription).toMatchObject({
    status: 'trialing',
    trial_end: trialEnd,
    billing_cycle_anchor: trialEnd,
  })
  const first = await stripe.invoices.retrieve(String(subscription.latest_invoice))
  expect(first).toMatchObject({ status: 'paid', total: 0, amount_due: 0 })
  moveTo(trialEnd - 3 * day)
  expect(await eventsOf(subscription.id)).toContain('customer.subscription.trial_will_end')
  moveTo(trialEnd + hour)
  expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active' })
  expect((await invoicesOf(subscription.id))[0]).toMatchObject({
    status: 'paid',
    total: 12_000,
    billing_reason: 'subscription_cycle',
  })
})

test('moving the next charge makes a trial until then, and an invoice of nothing', async () => {
  const subscription = await stripe.subscriptions.create({ customer: await acme(), items })
  const later = now() + 2 * 365 * day
  expect(await refusal(stripe.subscriptions.update(subscription.id, { trial_end: later }))).toMatchObject({
    statusCode: 501,
  })
  const moved = await stripe.subscriptions.update(subscription.id, {
    trial_end: later,
    proration_behavior: 'none',
  })
  expect(moved).toMatchObject({
    status: 'trialing',
    trial_end: later,
    billing_cycle_anchor: later,
    items: { data: [{ current_period_end: later }] },
  })
  moveTo(later - day)
  expect((await invoicesOf(subscription.id)).map(({ total }) => total)).toEqual([0, 12_000])
  moveTo(later + hour)
  expect((await invoicesOf(subscription.id))[0]).toMatchObject({ total: 12_000, status: 'paid' })
})

test('before a billing anchor without proration nothing is billed at all', async () => {
  const anchor = now() + 100 * day
  const customer = await acme()
  expect(
    await refusal(stripe.subscriptions.create({ customer, items, billing_cycle_anchor: anchor })),
  ).toMatchObject({ statusCode: 501 })
  const subscription = await stripe.subscriptions.create({
    customer,
    items,
    billing_cycle_anchor: anchor,
    proration_behavior: 'none',
  })
  expect(subscription).toMatchObject({
    status: 'active',
    latest_invoice: null,
    items: { data: [{ current_period_end: anchor }] },
  })
  moveTo(anchor + hour)
  expect((await invoicesOf(subscription.id)).map(({ total, status }) => [total, status])).toEqual([
    [12_000, 'paid'],
  ])
})

test('a renewal that is declined is tried three times more, then the subscription is given up', async () => {
  const customer = await acme()
  const subscription = await stripe.subscriptions.create({ customer, items })
  const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer })
  await stripe.subscriptions.update(subscription.id, { default_payment_method: bad.id })
  const due = (subscription.items.data[0]?.current_period_end ?? 0) + hour
  moveTo(due)
  expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'past_due' })
  const [first] = await invoicesOf(subscription.id)
  expect(first).toMatchObject({ status: 'open', attempt_count: 1, next_payment_attempt: due + 3 * day })
  moveTo(due + 3 * day)
  expect((await invoicesOf(subscription.id))[0]).toMatchObject({
    attempt_count: 2,
    next_payment_attempt: due + 8 * day,
  })
  moveTo(due + 15 * day)
  const ended = await stripe.subscriptions.retrieve(subscription.id)
  expect(ended).toMatchObject({ status: 'canceled', cancellation_details: { reason: 'payment_failed' } })
  expect((await invoicesOf(subscription.id))[0]).toMatchObject({
    status: 'open',
    attempt_count: 4,
    next_payment_attempt: null,
  })
  const failed = (await eventsOf(first?.id ?? '')).filter((type) => type === 'invoice.payment_failed')
  expect(failed).toHaveLength(4)
})

test('a card that asks again at renewal needs its holder; a new card heals it', async () => {
  const customer = await acme()
  const subscription = await stripe.subscriptions.create({ customer, items })
  const asking = await stripe.paymentMethods.attach('pm_card_authenticationRequired', { customer })
  await stripe.subscriptions.update(subscription.id, { default_payment_method: asking.id })
  moveTo((subscription.items.data[0]?.current_period_end ?? 0) + hour)
  const [open] = await invoicesOf(subscription.id)
  expect(await eventsOf(open?.id ?? '')).toContain('invoice.payment_action_required')
  await stripe.invoices.pay(open?.id ?? '', { payment_method: 'pm_card_visa' })
  expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active' })
})

test('a first payment that is declined leaves it incomplete, and after 23 hours it has expired', async () => {
  const subscription = await stripe.subscriptions.create({
    customer: await acme('pm_card_chargeCustomerFail'),
    items,
  })
  expect(subscription.status).toBe('incomplete')
  moveTo(now() + 23 * hour)
  const expired = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] })
  expect(expired).toMatchObject({ status: 'incomplete_expired', latest_invoice: { status: 'void' } })
})

test('it is ended at its period’s end, taken back before, or ended at once', async () => {
  const subscription = await stripe.subscriptions.create({ customer: await acme(), items })
  const end = subscription.items.data[0]?.current_period_end ?? 0
  const { id } = subscription
  expect(await stripe.subscriptions.update(id, { cancel_at_period_end: true })).toMatchObject({
    status: 'active',
    cancel_at: end,
    cancel_at_period_end: true,
    canceled_at: now(),
    cancellation_details: { reason: 'cancellation_requested' },
  })
  expect(await stripe.subscriptions.update(id, { cancel_at_period_end: false })).toMatchObject({
    cancel_at: null,
    canceled_at: null,
  })
  await stripe.subscriptions.update(id, { cancel_at_period_end: true })
  moveTo(end)
  expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'canceled', ended_at: end })
  expect((await eventsOf(id)).at(-1)).toBe('customer.subscription.deleted')
  const other = await stripe.subscriptions.create({ customer: await acme(), items })
  expect(await stripe.subscriptions.cancel(other.id)).toMatchObject({ status: 'canceled', ended_at: now() })
  expect((await stripe.subscriptions.list({ status: 'canceled' })).data.map((one) => one.id)).toEqual(
    expect.arrayContaining([id, other.id]),
  )
})

test('it is paused and resumed; a trial without a payment method pauses it too', async () => {
  const subscription = await stripe.subscriptions.create({ customer: await acme(), items })
  const paused = await stripe.subscriptions.pause(subscription.id, {
    bill_for: { unused_time_from: { type: 'none' } },
  })
  expect(paused).toMatchObject({
    status: 'paused',
    status_details: { paused: { subscription: { type: 'pause_requested' } } },
  })
  moveTo(now() + 800 * day)
  expect(await invoicesOf(subscription.id)).toHaveLength(1)
  expect(await stripe.subscriptions.resume(subscription.id)).toMatchObject({
    status: 'active',
    billing_cycle_anchor: now(),
  })
  expect(await invoicesOf(subscription.id)).toHaveLength(2)
  const { id: customer } = await stripe.customers.create()
  const trial = await stripe.subscriptions.create({
    customer,
    items,
    trial_period_days: 7,
    trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
  })
  moveTo(now() + 7 * day)
  expect(await stripe.subscriptions.retrieve(trial.id)).toMatchObject({ status: 'paused' })
  expect(await eventsOf(trial.id)).toContain('customer.subscription.paused')
})

test('items come, change and go without proration', async () => {
  const other = await stripe.prices.create({
    product_data: { name: 'Sync' },
    currency: 'eur',
    unit_amount: 5_000,
    recurring: { interval: 'year' },
  })
  const subscription = await stripe.subscriptions.create({ customer: await acme(), items })
  const proration_behavior = 'none'
  const more = await stripe.subscriptions.update(subscription.id, {
    proration_behavior,
    items: [
      { price: other.id, metadata: { key: 'K-2' } },
      { id: subscription.items.data[0]?.id ?? '', quantity: 3 },
    ],
  })
  expect(more.items.data.map(({ quantity, price }) => [quantity, price.unit_amount])).toEqual([
    [3, 12_000],
    [1, 5_000],
  ])
  moveTo((more.items.data[0]?.current_period_end ?? 0) + hour)
  expect((await invoicesOf(subscription.id))[0]).toMatchObject({ total: 41_000, status: 'paid' })
  const less = await stripe.subscriptions.update(subscription.id, {
    proration_behavior,
    items: [{ id: more.items.data[0]?.id ?? '', deleted: true }],
  })
  expect(less.items.data.map(({ metadata }) => metadata)).toEqual([{ key: 'K-2' }])
})

test('collection is paused until a day: what is billed meanwhile is voided', async () => {
  const subscription = await stripe.subscriptions.create({ customer: await acme(), items })
  const end = subscription.items.data[0]?.current_period_end ?? 0
  await stripe.subscriptions.update(subscription.id, {
    pause_collection: { behavior: 'void', resumes_at: end + 10 * day },
  })
  moveTo(end + 10 * day)
  expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
    status: 'active',
    pause_collection: null,
  })
  expect((await invoicesOf(subscription.id)).map(({ status }) => status)).toEqual(['void', 'paid'])
})

test('a customer who is deleted leaves no subscription behind', async () => {
  const customer = await acme()
  const subscription = await stripe.subscriptions.create({ customer, items })
  await stripe.customers.del(customer)
  expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'canceled' })
})

test('the next charge is known beforehand, and there is none when it ends', async () => {
  const subscription = await stripe.subscriptions.create({ customer: await acme(), items })
  const end = subscription.items.data[0]?.current_period_end ?? 0
  const shown = await stripe.invoices.createPreview({ subscription: subscription.id })
  expect(shown).toMatchObject({
    total: 12_000,
    next_payment_attempt: end + hour,
    lines: { data: [{ period: { start: end } }] },
  })
  await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })
  const error = await refusal(stripe.invoices.createPreview({ subscription: subscription.id }))
  expect(error).toMatchObject({ statusCode: 404, code: 'invoice_upcoming_none' })
})

test('what a person tries in between moves no retry', async () => {
  const customer = await acme()
  const subscription = await stripe.subscriptions.create({ customer, items })
  const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer })
  await stripe.subscriptions.update(subscription.id, { default_payment_method: bad.id })
  const due = (subscription.items.data[0]?.current_period_end ?? 0) + hour
  moveTo(due)
  const [open] = await invoicesOf(subscription.id)
  moveTo(due + day)
  await refusal(stripe.invoices.pay(open?.id ?? ''))
  const facts = { attempt_count: 1, next_payment_attempt: due + 3 * day }
  expect((await invoicesOf(subscription.id))[0]).toMatchObject(facts)
})

test('an invoice that was sent and is overdue leaves the subscription past due until it is paid', async () => {
  const { id: customer } = await stripe.customers.create()
  const sent = { collection_method: 'send_invoice', days_until_due: 30 }
  const subscription = await stripe.subscriptions.create({ customer, items, ...sent })
  expect(subscription.status).toBe('active')
  moveTo(now() + 30 * day)
  expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'past_due' })
  await stripe.invoices.pay(String(subscription.latest_invoice), { paid_out_of_band: true })
  expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active' })
})
