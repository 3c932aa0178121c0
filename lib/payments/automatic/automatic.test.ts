import { randomUUID } from 'node:crypto'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { now } from '@/lib/clock'
import { later, startOfDay } from '@/lib/organizations/calendar'
import { beginCheckout } from '@/lib/payments/begin-checkout'
import { comparePayments } from '@/lib/payments/compare'
import { openSession } from '@/lib/payments/open-session'
import { Fault } from '@/sandbox/stripe/faults'
import { byMember, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { runJobs } from '@/sandbox/test/jobs'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { alignAutomatic } from './align'
import { beginAutomatic } from './begin'
import { endAutomatic } from './end'
import { endAtStripe } from './end-at-stripe'
import { reconcileAutomatic } from './reconcile'
import { startAutomatic } from './start'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { stripe, faults } = payments
const zone = 'Europe/Paris'
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
  await rowsOf(database, `update organizations set time_zone = $1`, [zone])
})
beforeEach(() => faults.clear())

const tasks = { align_automatic: alignAutomatic, end_automatic: endAtStripe }
/** Events and jobs, until nothing is left to do. */
async function settled() {
  for (let more = true; more; ) {
    const worked = await payments.work()
    more = worked + (await runJobs(database, tasks)).length > 0
  }
}
/** As time passes: a day at a time, so that what is due is worked on when it is. */
async function liveUntil(to: Date, step = 30 * 86_400_000) {
  for (let at = now().getTime(); at < to.getTime(); ) {
    at = Math.min(at + step, to.getTime())
    await payments.moveTo(new Date(at))
    await settled()
  }
}
const days = (count: number, from = now()) => new Date(from.getTime() + count * 86_400_000)

const begin = (subscriptionId: string, as: 'billing' | 'owner' = 'billing', whose = acme) =>
  beginAutomatic(byMember(whose, as), { subscriptionId, shown: 29_000, currency: 'eur' })
const start = (renewalId: string, whose = acme) => startAutomatic(whose.organizationId, renewalId)

/** Sold, and on. */
async function on({ whose = acme, card = '4242 4242 4242 4242' } = {}) {
  const { subscriptionId } = await sold(database, whose)
  const { renewalId } = await begin(subscriptionId, 'billing', whose)
  const { url } = await start(renewalId, whose)
  if (url) await payments.pay(url, { method: 'card', card })
  await settled()
  return { subscriptionId, renewalId }
}
const termsOf = (subscriptionId: string) =>
  rowsOf<{ startsAt: Date; endsAt: Date; keys: number }>(
    database,
    `select starts_at as "startsAt", ends_at as "endsAt", (select count(*)::int from keys where term_id = t.id) as keys
     from terms t where subscription_id = $1 and refunded_at is null order by ordinal`,
    [subscriptionId],
  )
async function renewalOf(id: string) {
  const [row] = await rowsOf<{
    stripeId: string | null
    chargesAt: Date | null
    failedAt: Date | null
    ended: string | null
    cancelledAt: Date | null
  }>(
    database,
    `select stripe_subscription_id as "stripeId", charges_at as "chargesAt", failed_at as "failedAt", ended,
       cancelled_at as "cancelledAt" from automatic_renewals where id = $1`,
    [id],
  )
  if (!row) throw new Error('it was begun')
  return row
}

test('switched on with a card, a year passes: the next term begins where the last one ended, with its key, three years without a day of drift', async () => {
  const { subscriptionId, renewalId } = await on()
  const [first] = await termsOf(subscriptionId)
  if (!first) throw new Error('it was sold')
  expect(await renewalOf(renewalId)).toMatchObject({ chargesAt: first.endsAt, ended: null })
  for (let year = 1; year <= 3; year++) {
    const end = later(first.endsAt, zone, { months: 12 * (year - 1) })
    await liveUntil(days(-1, end), 366 * 86_400_000)
    expect(await termsOf(subscriptionId)).toHaveLength(year)
    await liveUntil(days(1, end))
    const terms = await termsOf(subscriptionId)
    expect(terms).toHaveLength(year + 1)
    const next = later(end, zone, { months: 12 })
    expect(terms.at(-1)).toEqual({ startsAt: end, endsAt: next, keys: 1 })
    expect(startOfDay(next, zone)).toEqual(next)
    expect(await renewalOf(renewalId)).toMatchObject({ chargesAt: next, failedAt: null, ended: null })
  }
}, 30_000)

test('of two members and a double click at once one is switched on, and Stripe has one subscription', async () => {
  const { subscriptionId: warm } = await on()
  expect(await termsOf(warm)).toHaveLength(1)
  const { subscriptionId } = await sold(database, acme)
  const tries = await Promise.all(
    (['billing', 'owner', 'billing', 'owner'] as const).map((as) => begin(subscriptionId, as)),
  )
  const ids = new Set(tries.map(({ renewalId }) => renewalId))
  expect(ids.size).toBe(1)
  const answers = await Promise.all(tries.map(({ renewalId }) => start(renewalId)))
  expect(answers).toEqual(answers.map(() => ({ url: null })))
  await settled()
  const [id = ''] = ids
  const all = await stripe.subscriptions.list({ limit: 100 })
  expect(all.data.filter(({ metadata }) => metadata.renewal === id)).toHaveLength(1)
})

test('renewed by hand meanwhile, it is charged one term later, and nobody pays twice', async () => {
  const { subscriptionId, renewalId } = await on()
  const [first] = await termsOf(subscriptionId)
  if (!first) throw new Error('it was sold')
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
  const [first] = await termsOf(subscriptionId)
  if (!first) throw new Error('it was sold')
  await liveUntil(days(-0.9, first.endsAt), 366 * 86_400_000)
  await expect(payByHand(subscriptionId)).rejects.toMatchObject({ code: 'charges_soon' })
  await liveUntil(days(1, first.endsAt))
  expect(await termsOf(subscriptionId)).toHaveLength(2)
})

test('a debit by hand that is on its way when it would be charged puts the charge off by the term that it pays', async () => {
  const { subscriptionId, renewalId } = await on()
  const [first] = await termsOf(subscriptionId)
  if (!first) throw new Error('it was sold')
  await liveUntil(days(-2, first.endsAt), 366 * 86_400_000)
  await payByHand(subscriptionId, { method: 'sepa_debit', iban: 'AT321904300235473204' })
  // On its way: what it pays ends a year later, and so the charge lies there.
  expect(await renewalOf(renewalId)).toMatchObject({ chargesAt: later(first.endsAt, zone, { months: 12 }) })
  await liveUntil(days(1))
  expect(await termsOf(subscriptionId)).toHaveLength(2)
})

test('ended, it is ended at once, and at Stripe as soon as that can be reached; nothing is charged', async () => {
  const { subscriptionId, renewalId } = await on()
  const { stripeId } = await renewalOf(renewalId)
  faults.add(Fault.parse({ on: 'api', do: 'fail', status: 503, path: '/v1/subscriptions' }))
  await endAutomatic(byMember(acme, 'owner'), { renewalId })
  await endAutomatic(byMember(acme, 'billing'), { renewalId })
  await settled()
  expect(await renewalOf(renewalId)).toMatchObject({ ended: 'by_member', cancelledAt: null })
  faults.clear()
  await settled()
  expect((await renewalOf(renewalId)).cancelledAt).not.toBeNull()
  expect((await stripe.subscriptions.retrieve(stripeId ?? '')).status).toBe('canceled')
  await liveUntil(days(400), 400 * 86_400_000)
  expect(await termsOf(subscriptionId)).toHaveLength(1)
  // Taken up again it begins anew, by a reservation of its own.
  const again = await sold(database, acme)
  const one = await begin(again.subscriptionId)
  await start(one.renewalId)
  await endAutomatic(byMember(acme, 'owner'), one)
  expect((await begin(again.subscriptionId)).renewalId).not.toBe(one.renewalId)
})

/** With a card that Stripe keeps and then declines. */
test('a card that is declined: members are asked once, the key lives to its own end, and when Stripe gives up it has ended and can be paid by hand', async () => {
  const whose = await makeCustomer('declined')
  const { subscriptionId, renewalId } = await on({ whose, card: '4000 0000 0000 0341' })
  const [first] = await termsOf(subscriptionId)
  if (!first) throw new Error('it was sold')
  await liveUntil(days(1, first.endsAt), 366 * 86_400_000)
  expect(await renewalOf(renewalId)).toMatchObject({ ended: null })
  expect((await renewalOf(renewalId)).failedAt).not.toBeNull()
  expect(await termsOf(subscriptionId)).toHaveLength(1)
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

test('an invoice that is paid on its page while Stripe still tries brings its term, and one that is paid after the end as well, of which staff are told', async () => {
  const whose = await makeCustomer('slow')
  const { subscriptionId, renewalId } = await on({ whose, card: '4000 0000 0000 0341' })
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
  const found = await comparePayments()
  expect(found.map(({ kind }) => kind)).toEqual(['paid_after_end'])
})

test('what was moved at Stripe by hand is moved back at night; what lives there without ours is listed, and what does not', async () => {
  const whose = await makeCustomer('nightly')
  const [one, gone] = [await on({ whose }), await on({ whose })]
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

async function payByHand(
  subscriptionId: string,
  by: Record<string, string> = { method: 'card', card: '4242 4242 4242 4242' },
  whose = acme,
) {
  const member = byMember(whose, 'billing')
  const { checkoutId } = await beginCheckout(member, {
    subscriptionIds: [subscriptionId],
    shown: 29_000,
    currency: 'eur',
  })
  await payments.pay((await openSession(member, checkoutId)).url, by)
  await settled()
  return checkoutId
}
