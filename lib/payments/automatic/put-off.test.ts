import { beforeAll, beforeEach, expect, test } from 'vitest'
import { later } from '@/lib/organizations/calendar'
import { automaticForTests, days } from '@/sandbox/test/automatic'
import { type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer } from '@/sandbox/test/sold'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { liveUntil, on, payByHand, termsOf, firstTerm, renewalOf } = automaticForTests(
  payments,
  database,
  () => acme,
)
const { faults } = payments
const zone = 'Europe/Paris'
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
  await rowsOf(database, `update organizations set time_zone = $1`, [zone])
})
beforeEach(() => faults.clear())

test('renewed by hand meanwhile, it is charged one term later, and nobody pays twice', async () => {
  const { subscriptionId, renewalId } = await on()
  const first = await firstTerm(subscriptionId)
  await liveUntil(days(60))
  await payByHand(subscriptionId)
  const second = later(first.endsAt, zone, { months: 12 })
  expect(await renewalOf(renewalId)).toMatchObject({ chargesAt: second, ended: null })
  await liveUntil(days(2, first.endsAt), 366 * 86_400_000)
  expect(await termsOf(subscriptionId)).toHaveLength(2)
  await liveUntil(days(-1, second), 366 * 86_400_000)
  await liveUntil(days(1, second))
  expect((await termsOf(subscriptionId)).map(({ startsAt }) => startsAt).slice(1)).toEqual([
    first.endsAt,
    second,
  ])
})

test('within a day of the charge nobody begins to pay by hand what is about to be charged', async () => {
  const { subscriptionId } = await on()
  const first = await firstTerm(subscriptionId)
  await liveUntil(days(-0.9, first.endsAt), 366 * 86_400_000)
  await expect(payByHand(subscriptionId)).rejects.toMatchObject({ code: 'charges_soon' })
  await liveUntil(days(1, first.endsAt))
  expect(await termsOf(subscriptionId)).toHaveLength(2)
})

test('a debit by hand that is on its way when it would be charged puts the charge off by the term that it pays', async () => {
  const { subscriptionId, renewalId } = await on()
  const first = await firstTerm(subscriptionId)
  await liveUntil(days(-2, first.endsAt), 366 * 86_400_000)
  await payByHand(subscriptionId, { method: 'sepa_debit', iban: 'AT321904300235473204' })
  // On its way: what it pays ends a year later, and so the charge lies there.
  expect(await renewalOf(renewalId)).toMatchObject({ chargesAt: later(first.endsAt, zone, { months: 12 }) })
  await liveUntil(days(1))
  expect(await termsOf(subscriptionId)).toHaveLength(2)
})
