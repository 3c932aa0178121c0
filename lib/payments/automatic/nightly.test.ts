import { randomUUID } from 'node:crypto'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { comparePayments } from '@/lib/payments/compare'
import { Fault } from '@/sandbox/stripe/faults'
import { automaticForTests, days } from '@/sandbox/test/automatic'
import { byMember, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer } from '@/sandbox/test/sold'
import { endAutomatic } from './end'
import { reconcileAutomatic } from './reconcile'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { on, renewalOf } = automaticForTests(payments, database, () => acme)
const { stripe, faults } = payments
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})
beforeEach(() => faults.clear())

test('what was moved at Stripe by hand is moved back at night; what lives there without ours is listed, and what does not', async () => {
  const whose = await makeCustomer('nightly')
  const [one, gone] = [await on({ of: whose }), await on({ of: whose })]
  const { stripeId, chargesAt } = await renewalOf(one.renewalId)
  const to = Math.floor(days(40).getTime() / 1_000)
  await stripe.subscriptions.update(stripeId ?? '', { trial_end: to, proration_behavior: 'none' })
  faults.add(Fault.parse({ on: 'webhook', do: 'drop' }))
  await stripe.subscriptions.cancel((await renewalOf(gone.renewalId)).stripeId ?? '')
  const customer = (await stripe.subscriptions.retrieve(stripeId ?? '')).customer
  const price = (await stripe.subscriptions.retrieve(stripeId ?? '')).items.data[0]?.price.id ?? ''
  const metadata = { organization: whose.organizationId, renewal: randomUUID() }
  const stray = await stripe.subscriptions.create({
    ...{ customer: String(customer), items: [{ price }], trial_end: to, metadata },
  })
  await payments.settled()
  faults.clear()
  await payments.moveTo(days(1))
  const kinds = async () =>
    (await comparePayments()).flatMap(({ kind, subject }) =>
      [stripeId, gone.renewalId, stray.id].includes(subject) ? kind : [],
    )
  expect((await kinds()).sort()).toEqual([
    'charges_otherwise',
    'renews_without_ours',
    'renews_without_theirs',
  ])
  await reconcileAutomatic()
  expect(await kinds()).toEqual(['renews_without_ours'])
  expect(await renewalOf(one.renewalId)).toMatchObject({ chargesAt, ended: null })
  expect(await renewalOf(gone.renewalId)).toMatchObject({ ended: 'at_stripe' })
})

test('the minutes in which one side does not know yet what the other has done are no difference; what is old is', async () => {
  const whose = await makeCustomer('minutes')
  const one = await on({ of: whose })
  const { stripeId } = await renewalOf(one.renewalId)
  const kinds = async () =>
    (await comparePayments()).flatMap(({ kind, subject }) =>
      [stripeId, one.renewalId].includes(subject) ? kind : [],
    )
  expect(await kinds()).toEqual([])
  await payments.moveTo(days(1))
  expect(await kinds()).toEqual([])
  await endAutomatic(byMember(whose, 'owner'), { renewalId: one.renewalId })
  // It is ended at Stripe by a job, which has not run.
  expect(await kinds()).toEqual([])
  await payments.moveTo(days(1))
  expect(await kinds()).toEqual(['renews_without_ours'])
})

test('where the answer was lost in which Stripe switched it on, it is on here after the comparison, and is no difference', async () => {
  const whose = await makeCustomer('lost')
  const one = await on({ of: whose })
  const { stripeId } = await renewalOf(one.renewalId)
  await rowsOf(
    database,
    'update automatic_renewals set stripe_subscription_id = null, started_at = null, charges_at = null where id = $1',
    [one.renewalId],
  )
  await payments.moveTo(days(1))
  expect((await comparePayments()).map(({ subject }) => subject)).not.toContain(stripeId)
  expect(await renewalOf(one.renewalId)).toMatchObject({ stripeId, ended: null })
})
