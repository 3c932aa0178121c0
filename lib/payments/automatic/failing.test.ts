import { beforeAll, beforeEach, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { translator } from '@/lib/messages/translator'
import { underWay } from '@/lib/payments/under-way'
import { automaticForTests, days } from '@/sandbox/test/automatic'
import { byMember, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer } from '@/sandbox/test/sold'
import { endAutomatic } from './end'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { settled, liveUntil, on, payByHand, termsOf, firstTerm, renewalOf, askedOf } = automaticForTests(
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

test('an invoice that is paid on its page while Stripe still tries brings its term, and one that is paid after the end as well, of which staff are told', async () => {
  const whose = await makeCustomer('slow')
  const { subscriptionId, renewalId } = await on({ of: whose, card: '4000 0000 0000 0341' })
  for (const year of [1, 2]) {
    const end = (await termsOf(subscriptionId)).at(-1)?.endsAt ?? now()
    await liveUntil(days(1, end), 366 * 86_400_000)
    if (year === 2) await endAutomatic(byMember(whose, 'owner'), { renewalId })
    const [open] = (await stripe.invoices.list({ status: 'open', limit: 100 })).data.filter(
      ({ parent }) => parent?.subscription_details?.metadata?.renewal === renewalId,
    )
    expect(open?.hosted_invoice_url).toBeTruthy()
    await payments.pay(open?.hosted_invoice_url ?? '')
    await settled()
    expect(await termsOf(subscriptionId)).toHaveLength(year + 1)
  }
  expect(await renewalOf(renewalId)).toMatchObject({ ended: 'by_member', failedAt: null })
  await settled()
  expect(await askedOf(subscriptionId)).toEqual(['paid_late'])
})

test('a card that is declined: members are asked once, the key lives to its own end, and when Stripe gives up it has ended and can be paid by hand', async () => {
  const whose = await makeCustomer('declined')
  const { subscriptionId, renewalId, keyId } = await on({ of: whose, card: '4000 0000 0000 0341' })
  const first = await firstTerm(subscriptionId)
  await liveUntil(days(1, first.endsAt), 366 * 86_400_000)
  expect(await renewalOf(renewalId)).toMatchObject({ ended: null })
  expect((await renewalOf(renewalId)).failedAt).not.toBeNull()
  expect(await termsOf(subscriptionId)).toHaveLength(1)
  const paying = await asOrganization(whose.organizationId, (tx) =>
    underWay(tx, whose.organizationId, [keyId]),
  )
  expect(paying.get(keyId)?.state).toBe('failing')
  const said = translator('en')('billing.sentence', { count: 0, open: 0, failing: 1 })
  expect(said.trim()).toBe('A charge failed: pay it below.')
  // Nobody pays another way what can still be charged.
  await expect(payByHand(subscriptionId, {}, whose)).rejects.toMatchObject({ code: 'being_paid' })
  const mails = async () =>
    (
      await rowsOf<{ n: number }>(
        database,
        `select count(*)::int as n from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
       where t.identifier = 'mail.charge_failed' and j.payload ->> 'invoiceId' in
         (select invoice_id from automatic_charges where renewal_id = $1)`,
        [renewalId],
      )
    )[0]?.n
  expect(await mails()).toBe(1)
  await liveUntil(days(20, first.endsAt), 86_400_000)
  expect(await mails()).toBe(1)
  expect(await renewalOf(renewalId)).toMatchObject({ ended: 'payment_failed' })
  expect(await termsOf(subscriptionId)).toHaveLength(1)
  const [charge] = await rowsOf<{ invoiceId: string; ended: string | null }>(
    database,
    `select a.invoice_id as "invoiceId", c.ended from automatic_charges a join checkouts c on c.id = a.checkout_id
     where a.renewal_id = $1`,
    [renewalId],
  )
  // Its invoice is void, so that nobody pays it beside what is then paid by hand.
  expect(charge?.ended).toBe('failed')
  expect((await stripe.invoices.retrieve(charge?.invoiceId ?? '')).status).toBe('void')
  await payByHand(subscriptionId, undefined, whose)
  expect((await termsOf(subscriptionId)).map(({ keys }) => keys)).toEqual([1, 1])
})
