import { beforeAll, beforeEach, expect, test } from 'vitest'
import { asStaff } from '@/db/scope'
import { now } from '@/lib/clock'
import { paymentsForStaff } from '@/lib/staff/payments'
import { Fault } from '@/sandbox/stripe/faults'
import { byMember, type Fixture, makeStaff, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { asWorker, paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { beginCheckout } from './begin-checkout'
import { comparePayments } from './compare'
import { openSession } from './open-session'
import { reconcileNightly } from './reconcile'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { faults } = payments
let acme: Fixture
let admin: string

beforeAll(async () => {
  acme = await makeCustomer('acme')
  admin = (await makeStaff(acme)).admin
})
beforeEach(() => faults.clear())

async function paid() {
  const { subscriptionId } = await sold(database, acme)
  const by = byMember(acme, 'billing')
  const { checkoutId } = await beginCheckout(by, {
    subscriptionIds: [subscriptionId],
    shown: 29_000,
    currency: 'eur',
  })
  await payments.pay((await openSession(by, checkoutId)).url)
  await payments.work()
  return checkoutId
}
const found = async () => (await comparePayments()).map(({ kind, checkoutId }) => ({ kind, checkoutId }))
const listed = async () => (await asStaff(admin, paymentsForStaff)).differences
const as = (text: string, ...values: unknown[]) => rowsOf(database, text, values)

test('what is paid at both is listed for nobody', async () => {
  await paid()
  expect(await asWorker(found)).toEqual([])
  expect(await listed()).toEqual([])
})

test('what a look at Stripe sets right is set right, and is no difference', async () => {
  faults.add(Fault.parse({ on: 'webhook', do: 'drop' }))
  const checkoutId = await paid()
  expect(await found()).toEqual([])
  const [row] = await as('select ended from checkouts where id = $1', checkoutId)
  expect(row).toEqual({ ended: 'paid' })
})

test('a difference is listed once with its organization, however often it is found, and goes away when it is no longer so', async () => {
  const checkoutId = await paid()
  await as('update checkouts set amount = amount - 1 where id = $1', checkoutId)
  for (let night = 0; night < 3; night++)
    expect(await found()).toEqual([{ kind: 'amount_differs', checkoutId }])
  expect(await listed()).toMatchObject([
    { kind: 'amount_differs', checkoutId, slug: 'acme', amount: 28_999, currency: 'eur' },
  ])
  await as('update checkouts set amount = amount + 1 where id = $1', checkoutId)
  expect(await found()).toEqual([])
  expect(await listed()).toEqual([])
  const rows = await as('select gone_at is not null as gone from payment_differences')
  expect(rows).toEqual([{ gone: true }])
})

test('a term that Stripe calls unpaid, and a payment that brought no term, are found', async () => {
  const checkoutId = await paid()
  const [session] = await rowsOf<{ id: string }>(
    database,
    'select session_id as id from checkouts where id = $1',
    [checkoutId],
  )
  await as(`update checkouts set session_id = 'cs_test_of_nobody' where id = $1`, checkoutId)
  expect((await comparePayments()).map(({ kind, subject }) => `${kind} ${subject}`).sort()).toEqual([
    `paid_without_term ${session?.id}`,
    'term_without_payment cs_test_of_nobody',
  ])
  expect((await listed()).map(({ slug }) => slug)).toEqual(['acme', null])
  await as('update checkouts set session_id = $2 where id = $1', checkoutId, session?.id)
  expect(await found()).toEqual([])
})

test('what our key may not do at Stripe is told staff by what it needs, not by the key, until it may', async () => {
  await paid()
  faults.add(Fault.parse({ on: 'api', do: 'fail', status: 403, permission: 'rak_checkout_session_read' }))
  for (let night = 0; night < 2; night++)
    await expect(comparePayments()).rejects.toMatchObject({ name: 'Unavailable' })
  expect(await listed()).toMatchObject([{ kind: 'permission_missing', subject: 'rak_checkout_session_read' }])
  faults.clear()
  await comparePayments()
  expect(await listed()).toEqual([])
})

test('what is paid while it is compared is no difference', async () => {
  const checkoutId = await paid()
  const [session] = await rowsOf<{ id: string }>(
    database,
    'select session_id as id from checkouts where id = $1',
    [checkoutId],
  )
  const asked = { on: 'api', method: 'GET', do: 'change', times: 1 }
  // Begun after Stripe has listed all, and paid after Stripe was asked for it.
  faults.add(
    Fault.parse({
      ...asked,
      path: `/v1/checkout/sessions/${session?.id}`,
      change: { payment_status: 'unpaid' },
    }),
  )
  faults.add(Fault.parse({ ...asked, path: '/v1/checkout/sessions', change: { data: [] } }))
  expect((await found()).filter((one) => one.checkoutId === checkoutId)).toEqual([])
})

test('a term that ends before what was paid is found by its line, also when it is old', async () => {
  const checkoutId = await paid()
  const change = (by: string) =>
    as(`update checkout_lines set ends_at = ends_at ${by} where checkout_id = $1`, checkoutId)
  await change(`+ interval '20 days'`)
  expect(await found()).toEqual([{ kind: 'ends_early', checkoutId }])
  await payments.moveTo(new Date(now().getTime() + 40 * 86_400_000))
  await payments.work()
  expect((await found()).filter(({ kind }) => kind === 'ends_early')).toHaveLength(1)
  await change(`- interval '20 days'`)
  expect((await found()).filter(({ kind }) => kind === 'ends_early')).toEqual([])
})

test('events that were tried many times, of the other mode, or that do not come are told, until they are no longer so', async () => {
  await as(
    `insert into stripe_events (id, type, object_id, live, happened_at, received_at, due_at, tries) values
     ('evt_stuck', 'checkout.session.completed', 'cs_x', false, $1::timestamptz, $1, $1::timestamptz + interval '1 day', 10)`,
    now(),
  )
  await as(
    `insert into stripe_events (id, type, object_id, live, happened_at, received_at, due_at, done_at, outcome) values
     ('evt_live', 'checkout.session.completed', 'cs_x', true, $1, $1, $1, $1, 'other_mode')`,
    now(),
  )
  expect((await comparePayments()).map(({ kind, subject }) => `${kind} ${subject}`)).toEqual([
    'event_stuck evt_stuck',
    'other_mode live',
  ])
  await as(`update stripe_events set done_at = $1, outcome = 'paid' where id = 'evt_stuck'`, now())
  // Done, it is listed no more, before the next night as well.
  expect((await listed()).map(({ kind }) => kind)).toEqual(['other_mode'])
  await payments.moveTo(new Date(now().getTime() + 60_000))
  faults.add(Fault.parse({ on: 'webhook', do: 'drop' }))
  await paid()
  await payments.moveTo(new Date(now().getTime() + 8 * 86_400_000))
  await reconcileNightly()
  expect((await listed()).map(({ kind }) => kind)).toEqual(['silence'])
  faults.clear()
  await paid()
  await reconcileNightly()
  const { differences, lastEventAt, reconciledAt, missed } = await asStaff(admin, paymentsForStaff)
  expect(differences).toEqual([])
  expect([lastEventAt, reconciledAt, missed]).toEqual([now(), now(), 0])
})
