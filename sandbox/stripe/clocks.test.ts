import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import Stripe from 'stripe'
import { afterAll, expect, test, vi } from 'vitest'
import { now as portalNow } from '@/lib/clock'
import { throwAwayFolder } from '@/sandbox/postgres-home'
import { movable } from '@/sandbox/stripe/clock'
import { startStripe } from '@/sandbox/stripe/server'
import { Timeline } from '@/sandbox/stripe/timeline'
import { refusal, stripeForTests } from '@/sandbox/test/stripe'

const { stripe, now } = await stripeForTests()
const day = 24 * 60 * 60

const yearly = await stripe.prices.create({
  product_data: { name: 'Forms Pro' },
  currency: 'eur',
  unit_amount: 12_000,
  recurring: { interval: 'year' },
})

test('a test clock takes its own customers through the years', async () => {
  const frozen_time = Date.parse('2026-02-28T00:00:00Z') / 1000
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time, name: 'Renewals' })
  const customer = await stripe.customers.create({ test_clock: clock.id })
  expect(customer.created).toBe(frozen_time)
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id })
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: yearly.id }],
    default_payment_method: method.id,
  })
  const end = subscription.items.data[0]?.current_period_end ?? 0
  expect(await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: end + 3600 })).toMatchObject({
    status: 'advancing',
  })
  expect(await stripe.testHelpers.testClocks.retrieve(clock.id)).toMatchObject({
    status: 'ready',
    frozen_time: end + 3600,
  })
  const invoices = await stripe.invoices.list({ subscription: subscription.id })
  expect(invoices.data).toMatchObject([
    { status: 'paid', created: end, test_clock: clock.id },
    { status: 'paid' },
  ])
  const { data } = await stripe.events.list({ type: 'test_helpers.test_clock.*' })
  expect(data.map(({ type }) => type.split('.').at(-1))).toEqual(['ready', 'advancing', 'created'])
  const far = stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: end + 4 * 366 * day })
  expect((await refusal(far)).message).toContain('more than two intervals')
  const back = stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: end })
  expect(await refusal(back)).toMatchObject({ param: 'frozen_time' })
  expect((await stripe.customers.create()).created).toBe(now())
  await stripe.testHelpers.testClocks.del(clock.id)
  expect(await refusal(stripe.customers.retrieve(customer.id))).toMatchObject({ statusCode: 404 })
  expect(await refusal(stripe.customers.create({ test_clock: clock.id }))).toMatchObject({
    param: 'test_clock',
  })
})

test('moving the stand-in moves all who share the demo’s clock', () => {
  const folder = throwAwayFolder()
  afterAll(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })
  const file = path.join(folder, 'clock')
  vi.stubEnv('SANDBOX_CLOCK_FILE', file)
  const clock = movable(portalNow, file)
  const later = new Date(Date.now() + 365 * day * 1000)
  clock.moveTo(later)
  expect(portalNow().getTime() - later.getTime()).toBeLessThan(5_000)
  expect(Number(readFileSync(file, 'utf8'))).toBeGreaterThan(364 * day * 1000)
  expect(() => clock.moveTo(new Date())).toThrow('forward only')
})

test('who shares the clock lives through the hour in which an invoice is a draft, and can change it', async () => {
  const seen: (string | undefined)[] = []
  let moment = Date.parse('2027-03-12T09:00:00Z')
  const drafts = await startStripe({
    now: () => new Date(moment),
    eachDay: async () => {
      const { data } = await sdk.invoices.list({ status: 'draft' })
      for (const { id, lines } of data)
        for (const line of lines.data)
          await sdk.invoices.updateLineItem(id, line.id, { description: 'Named' })
      seen.push(...data.map(({ id }) => id))
    },
  })
  afterAll(drafts.stop)
  const sdk = new Stripe('sk_test_latchkey', { host: '127.0.0.1', port: drafts.port, protocol: 'http' })
  const { id: price } = await sdk.prices.create({
    ...{ product_data: { name: 'Forms Pro' }, currency: 'eur', unit_amount: 12_000 },
    recurring: { interval: 'month' },
  })
  const { id: customer } = await sdk.customers.create()
  const { id: method } = await sdk.paymentMethods.attach('pm_card_visa', { customer })
  const { id: subscription } = await sdk.subscriptions.create({
    ...{ customer, items: [{ price }], default_payment_method: method },
  })
  // Then it is drafted in the middle of a day that has begun.
  moment += 18 * 3_600_000
  const moved = await fetch(`${drafts.url}/_sandbox/clock`, {
    method: 'POST',
    body: JSON.stringify({ by: 40 * day, step: day }),
  })
  expect(moved.status).toBe(200)
  const { data } = await sdk.invoices.list({ subscription })
  expect(data.map(({ status, lines }) => [status, lines.data[0]?.description])).toEqual([
    ['paid', 'Named'],
    ['paid', '1 × Forms Pro (at €120.00 / month)'],
  ])
  expect(seen).toEqual([data[0]?.id])
})

test('what is planned happens in its order, each at its own moment, also what is planned meanwhile', () => {
  let moment = 0
  const time = new Timeline(() => moment)
  const done: [string, number][] = []
  const does = (what: string) => () => done.push([what, time.now()])
  for (const when of [50, 10, 40, 30, 20]) time.plan(`at ${when}`, when, does(`at ${when}`))
  time.plan('at 40', 45, does('moved'))
  time.plan('again', 15, () => time.plan('then', 25, does('then')))
  time.drop('at 50')
  moment = 100
  expect(time.run()).toBe(6)
  expect(done).toEqual([
    ['at 10', 10],
    ['at 20', 20],
    ['then', 25],
    ['at 30', 30],
    ['moved', 45],
  ])
  expect([time.now(), time.next()]).toEqual([100, undefined])
})

test('10,000 subscriptions renew in a moment', async () => {
  let moment = 0
  const time = new Timeline(() => moment)
  let renewed = 0
  for (let id = 0; id < 10_000; id++) time.plan(`cycle ${id}`, 1 + (id % 7), () => renewed++)
  moment = 10
  time.run()
  expect(renewed).toBe(10_000)
})
