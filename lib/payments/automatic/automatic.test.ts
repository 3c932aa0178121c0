import { beforeAll, beforeEach, expect, test } from 'vitest'
import { lastDay } from '@/lib/messages/dates'
import { later, startOfDay } from '@/lib/organizations/calendar'
import { syncSubject } from '@/lib/payments/sync'
import { Fault } from '@/sandbox/stripe/faults'
import { automaticForTests, days } from '@/sandbox/test/automatic'
import { byMember, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { endAutomatic } from './end'
import { nameCharge } from './name-charge'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { settled, liveUntil, begin, start, on, termsOf, firstTerm, renewalOf } = automaticForTests(
  payments,
  database,
  () => acme,
)
const { stripe, faults } = payments
const zone = 'Europe/Paris'
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
  await rowsOf(database, `update organizations set time_zone = $1`, [zone])
})
beforeEach(() => faults.clear())

test('switched on with a card, a year passes: the next term begins where the last one ended, with its key, three years without a day of drift', async () => {
  const { subscriptionId, renewalId } = await on()
  const first = await firstTerm(subscriptionId)
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

test('its invoice names product, instance, short ID and the days that are paid for, as a Checkout’s does; told again as a draft or once it is final, nothing changes', async () => {
  const { subscriptionId, shortId, url } = await on()
  const { endsAt } = await firstTerm(subscriptionId)
  await liveUntil(days(0.01, endsAt), 366 * 86_400_000)
  const [draft] = (await stripe.invoices.list({ status: 'draft' })).data.filter(({ lines }) =>
    lines.data.some(({ description }) => description?.includes(shortId)),
  )
  const [line] = draft?.lines.data ?? []
  if (!draft || !line) throw new Error('its line was named')
  const before = (plus: { days?: number; months?: number }) => lastDay(later(endsAt, zone, plus), 'en', zone)
  const name = `Forms Pro, ${new URL(url).hostname.split('.')[0]} (${shortId}): ${before({ days: 1 })} to ${before({ months: 12 })}`
  expect(line.description).toBe(name)
  const reads = (change: Record<string, unknown>) =>
    faults.add(
      Fault.parse({
        on: 'api',
        method: 'GET',
        path: `/v1/invoices/${draft.id}`,
        do: 'change',
        times: 1,
        change,
      }),
    )
  // What somebody has added at Stripe is not ours to name, wherever it stands.
  const added = { ...line, id: 'il_added', description: 'Support', parent: { type: 'invoice_item_details' } }
  reads({ lines: { ...draft.lines, data: [added, line] } })
  expect(await nameCharge(draft.id)).toBe('draft')
  await liveUntil(days(0.1, endsAt))
  // It is made final between the look and the change.
  reads({ status: 'draft', lines: { ...draft.lines, data: [{ ...line, description: 'Forms Pro' }] } })
  expect(await nameCharge(draft.id)).toBe('draft')
  faults.clear()
  expect(await syncSubject('invoice', draft.id)).toBe('paid')
  expect(await termsOf(subscriptionId)).toHaveLength(2)
  const kept = 'select description from invoice_lines where invoice_id = $1'
  expect(await rowsOf(database, kept, [draft.id])).toEqual([{ description: name }])
}, 30_000)

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
