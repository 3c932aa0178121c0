import { beforeAll, beforeEach, expect, test } from 'vitest'
import { openPortal } from '@/lib/payments/open-portal'
import { Fault } from '@/sandbox/stripe/faults'
import { automaticForTests, days } from '@/sandbox/test/automatic'
import {
  byMember,
  bySystem,
  type Fixture,
  makeOrganization,
  productDatabase,
  rowsOf,
} from '@/sandbox/test/fixture'
import { runJobs } from '@/sandbox/test/jobs'
import { startMailSink } from '@/sandbox/test/mail-sink'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { endAutomatic } from './end'
import { sendAutomaticEnded, sendChargeFailed } from './send-automatic'
import { settleAutomatic } from './settle'

const sink = await startMailSink()
const payments = await paymentsForTests()
const database = await productDatabase({ ...payments.env, SMTP_URL: sink.url })
const { settled, liveUntil, begin, start, on, payByHand, termsOf, firstTerm, renewalOf } = automaticForTests(
  payments,
  database,
  () => acme,
)
const { stripe, faults } = payments
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})
beforeEach(() => faults.clear())

const down = () => faults.add(Fault.parse({ on: 'api', do: 'fail', status: 503 }))
const mail = { 'mail.automatic_ended': sendAutomaticEnded, 'mail.charge_failed': sendChargeFailed }
/** Its words, on one line. */
const mailTo = (mails: readonly { to: string[]; data: string }[], to: string) =>
  (mails.find((one) => one.to.some((address) => address.includes(to)))?.data ?? '')
    .replace(/=\r?\n/g, '')
    .replace(/\s+/g, ' ')
const subscriptionsOf = async (renewalId: string) =>
  (await stripe.subscriptions.list({ limit: 100, status: 'all' })).data.filter(
    ({ metadata }) => metadata.renewal === renewalId,
  )

test('Stripe down when it is switched on: what was reserved stays, and is on at Stripe once when it is asked again', async () => {
  const whose = await makeOrganization('down')
  const { subscriptionId } = await sold(database, whose)
  const { renewalId } = await begin(subscriptionId, 'billing', whose)
  down()
  await expect(start(renewalId, whose)).rejects.toMatchObject({ name: 'Unavailable' })
  expect(await renewalOf(renewalId)).toMatchObject({ stripeId: null, ended: null })
  faults.clear()
  const again = await begin(subscriptionId, 'owner', whose)
  expect(again.renewalId).toBe(renewalId)
  const { url } = await start(renewalId, whose)
  await payments.pay(url ?? '')
  await settled()
  expect(await subscriptionsOf(renewalId)).toHaveLength(1)
})

test('Stripe down after a card was given: it is on as soon as Stripe answers, once', async () => {
  const whose = await makeOrganization('setup')
  const { subscriptionId } = await sold(database, whose)
  const { renewalId } = await begin(subscriptionId, 'billing', whose)
  const { url } = await start(renewalId, whose)
  await payments.pay(url ?? '')
  down()
  await payments.work()
  expect((await renewalOf(renewalId)).stripeId).toBeNull()
  faults.clear()
  await liveUntil(days(0.1))
  expect((await renewalOf(renewalId)).stripeId).not.toBeNull()
  expect(await subscriptionsOf(renewalId)).toHaveLength(1)
})

test('Stripe down when somebody has renewed by hand: the charge is moved as soon as Stripe answers', async () => {
  const one = await on()
  const first = await firstTerm(one.subscriptionId)
  await liveUntil(days(60), 366 * 86_400_000)
  faults.add(Fault.parse({ on: 'api', do: 'fail', status: 503, path: '/v1/subscriptions' }))
  await payByHand(one.subscriptionId)
  expect((await renewalOf(one.renewalId)).chargesAt).toEqual(first.endsAt)
  faults.clear()
  await settled()
  const [, second] = await termsOf(one.subscriptionId)
  expect((await renewalOf(one.renewalId)).chargesAt).toEqual(second?.endsAt)
})

test('paused at Stripe, it has ended here, since nothing would be charged, and there as well', async () => {
  const one = await on()
  const { stripeId } = await renewalOf(one.renewalId)
  const told = { stripeSubscriptionId: stripeId ?? '', because: 'at_stripe' as const, chargesAt: days(30) }
  const paused = { renewalId: one.renewalId, told: { ...told, state: 'paused' as const } }
  // Stripe pauses by itself where a trial ends without a means of payment: what it would say is said here.
  expect(await settleAutomatic(bySystem(acme.organizationId), paused)).toEqual({ effect: 'ended' })
  await settled()
  expect((await stripe.subscriptions.retrieve(stripeId ?? '')).status).toBe('canceled')
  expect(await renewalOf(one.renewalId)).toMatchObject({ ended: 'at_stripe' })
  expect((await renewalOf(one.renewalId)).cancelledAt).not.toBeNull()
})

test.each(['void', 'keep_as_draft', 'mark_uncollectible'] as const)(
  'where Stripe is to collect nothing of it (%s), it has ended here and there, and nothing is charged',
  async (behavior) => {
    const one = await on()
    const { stripeId } = await renewalOf(one.renewalId)
    const { status } = await stripe.subscriptions.update(stripeId ?? '', { pause_collection: { behavior } })
    expect(status).toBe('trialing')
    await settled()
    expect(await renewalOf(one.renewalId)).toMatchObject({ ended: 'at_stripe' })
    expect((await stripe.subscriptions.retrieve(stripeId ?? '')).status).toBe('canceled')
  },
)

test('the receipt goes once to each who pays, with date, time and who ended it, and in their language', async () => {
  const whose = await makeOrganization('receipt')
  const one = await on({ of: whose })
  await rowsOf(database, `update people set language = 'fr' where id = $1`, [whose.people.billing])
  await runJobs(database, mail)
  const before = sink.received.length
  await endAutomatic(byMember(whose, 'owner'), { renewalId: one.renewalId })
  await runJobs(database, mail)
  await sendAutomaticEnded({ organizationId: whose.organizationId, renewalId: one.renewalId })
  const mails = sink.received.slice(before)
  const read = (to: string) => mailTo(mails, to)
  expect(mails).toHaveLength(2)
  expect(read('owner@')).toMatch(/automatic renewal ended on .* \d{4}, \d\d:\d\d/)
  expect(read('billing@')).toContain('renouvellement automatique')
  expect(read('billing@')).toMatch(/\d\d:\d\d/)
})

test('the customer portal opens for who may pay, and where Stripe knows no customer it is refused', async () => {
  const whose = await makeOrganization('portal')
  await expect(openPortal(byMember(whose, 'billing'))).rejects.toMatchObject({ code: 'no_customer' })
  await on({ of: whose })
  const { url } = await openPortal(byMember(whose, 'billing'))
  expect(await (await fetch(url)).text()).toContain('4242 (default)')
  await expect(openPortal(byMember(whose, 'viewer'))).rejects.toMatchObject({ name: 'Forbidden' })
  down()
  await expect(openPortal(byMember(whose, 'billing'))).rejects.toMatchObject({ name: 'Unavailable' })
})

test('a receipt also says why where nobody of the organization ended it, and what has failed is said once for an invoice', async () => {
  const whose = await makeOrganization('unasked')
  const one = await on({ of: whose, card: '4000 0000 0000 0341' })
  const first = await firstTerm(one.subscriptionId)
  await runJobs(database, mail)
  const before = sink.received.length
  await liveUntil(days(1, first.endsAt), 366 * 86_400_000)
  await runJobs(database, mail)
  await liveUntil(days(20, first.endsAt), 86_400_000)
  await runJobs(database, mail)
  const told = sink.received
    .slice(before)
    .filter(({ to }) => to.some((address) => address.includes('owner@')))
  expect(told).toHaveLength(2)
  expect(mailTo(told.slice(0, 1), 'owner@')).toContain('Stripe tries again')
  expect(mailTo(told.slice(1), 'owner@')).toContain('Stripe has given up trying')
})
