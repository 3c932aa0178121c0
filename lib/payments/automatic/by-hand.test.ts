import { beforeAll, beforeEach, expect, test } from 'vitest'
import { later } from '@/lib/organizations/calendar'
import { automaticForTests, days } from '@/sandbox/test/automatic'
import { type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer } from '@/sandbox/test/sold'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const {
  settled,
  liveUntil,
  on,
  payByHand,
  beginByHand,
  termsOf,
  firstTerm,
  renewalOf,
  askedOf,
  chargesNoMore,
} = automaticForTests(payments, database, () => acme)
const { stripe } = payments
const zone = 'Europe/Paris'
const year = 366 * 86_400_000
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
  await rowsOf(database, `update organizations set time_zone = $1`, [zone])
})
beforeEach(async () => {
  await rowsOf(database, 'update products set withdrawn_at = null')
})

const bounces = { method: 'sepa_debit', iban: 'AT051904300235473205' }

test('a debit by hand that bounces in time brings the charge back to where it lay', async () => {
  const one = await on()
  const first = await firstTerm(one.subscriptionId)
  // Nearer than the two years that Stripe takes.
  await liveUntil(days(60), year)
  const { url } = await beginByHand(one.subscriptionId)
  await payments.pay(url, bounces)
  await settled()
  expect((await renewalOf(one.renewalId)).chargesAt).toEqual(later(first.endsAt, zone, { months: 12 }))
  await liveUntil(days(0.1))
  expect(await renewalOf(one.renewalId)).toMatchObject({ chargesAt: first.endsAt, ended: null })
  await liveUntil(days(1, first.endsAt), year)
  expect(await termsOf(one.subscriptionId)).toHaveLength(2)
})

test('a debit by hand that bounces after the charge was put off and the term is over: it has ended, and nobody is charged at once', async () => {
  const one = await on()
  const first = await firstTerm(one.subscriptionId)
  await liveUntil(days(-1.2, first.endsAt), year)
  const { url } = await beginByHand(one.subscriptionId)
  // Given at the last moment that the page is open, and on its way across the end.
  await payments.moveTo(new Date(first.endsAt.getTime() - 6 * 3_600_000))
  await payments.pay(url, bounces)
  await payments.settled()
  await payments.work()
  await settled()
  expect((await renewalOf(one.renewalId)).ended).toBeNull()
  await payments.moveTo(days(0.01, first.endsAt))
  await settled()
  expect(await renewalOf(one.renewalId)).toMatchObject({ ended: 'not_charged' })
  expect(await termsOf(one.subscriptionId)).toHaveLength(1)
  await chargesNoMore(one)
  await payByHand(one.subscriptionId)
  expect(await termsOf(one.subscriptionId)).toHaveLength(2)
})

test('begun to be paid by hand, charged meanwhile, and paid by hand all the same: both terms count, and staff are asked', async () => {
  const one = await on()
  const first = await firstTerm(one.subscriptionId)
  await liveUntil(days(-1.1, first.endsAt), year)
  const { url } = await beginByHand(one.subscriptionId)
  // Somebody of the vendor charges it before its day, at Stripe.
  const { stripeId } = await renewalOf(one.renewalId)
  await stripe.subscriptions.update(stripeId ?? '', { trial_end: 'now', proration_behavior: 'none' })
  await payments.settled()
  await payments.work()
  await liveUntil(days(0.1))
  expect(await termsOf(one.subscriptionId)).toHaveLength(2)
  await payments.pay(url)
  await settled()
  expect(await termsOf(one.subscriptionId)).toHaveLength(3)
  expect(await askedOf(one.subscriptionId)).toEqual(['paid_twice'])
})
