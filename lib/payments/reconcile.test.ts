import { beforeAll, beforeEach, expect, test } from 'vitest'
import { now } from '@/lib/clock'
import { Fault } from '@/sandbox/stripe/faults'
import { byMember, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { asWorker, paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { beginCheckout } from './begin-checkout'
import { openSession } from './open-session'
import { reconcile } from './reconcile'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { faults } = payments
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})
beforeEach(() => faults.clear())

const dropAll = () => faults.add(Fault.parse({ on: 'webhook', do: 'drop' }))
const minutes = (count: number) => payments.moveTo(new Date(now().getTime() + count * 60_000))

async function begun() {
  const { subscriptionId } = await sold(database, acme)
  const by = byMember(acme, 'billing')
  const lines = { subscriptionIds: [subscriptionId], shown: 29_000, currency: 'eur' }
  const { checkoutId } = await beginCheckout(by, lines)
  return { checkoutId, url: (await openSession(by, checkoutId)).url }
}
const standing = (ids: string[]) =>
  rowsOf<{ id: string; ended: string | null; terms: number; keys: number }>(
    database,
    `select c.id, c.ended, count(distinct t.id)::int as terms, count(distinct k.id)::int as keys
     from checkouts c join checkout_lines l on l.checkout_id = c.id
       left join terms t on t.subscription_id = l.subscription_id left join keys k on k.term_id = t.id
     where c.id = any($1) group by c.id order by array_position($1, c.id)`,
    [ids],
  )
test('what was paid while the portal was down is made up for, also by the worker, and a second time there is nothing', async () => {
  dropAll()
  const { checkoutId, url } = await begun()
  await payments.pay(url)
  await payments.work()
  expect(await standing([checkoutId])).toMatchObject([{ ended: null, terms: 1 }])
  // The Checkout's own event, three of its invoice, and two of the customer, who was named and gave their address.
  expect(await asWorker(reconcile)).toEqual({ missed: 6, settled: 1 })
  expect(await standing([checkoutId])).toMatchObject([{ ended: 'paid', terms: 2, keys: 2 }])
  expect(await payments.work()).toBe(6)
  expect(await reconcile()).toEqual({ missed: 0, settled: 0 })
  expect(await standing([checkoutId])).toMatchObject([{ ended: 'paid', terms: 2, keys: 2 }])
})

test('an event that was lost before others that came is found as well, and one older than 30 days is not looked for', async () => {
  const first = await begun()
  const second = await begun()
  dropAll()
  await payments.pay(first.url)
  await payments.settled()
  faults.clear()
  await payments.pay(second.url)
  await payments.work()
  expect(await standing([first.checkoutId, second.checkoutId])).toMatchObject([
    { ended: null },
    { ended: 'paid' },
  ])
  expect(await reconcile()).toEqual({ missed: 4, settled: 1 })
  await rowsOf(database, 'delete from stripe_reconciliations')
  await rowsOf(database, 'delete from stripe_events')
  await minutes(31 * 24 * 60)
  expect(await reconcile()).toEqual({ missed: 0, settled: 0 })
})

test('where Stripe does not serve us nothing is noted, so that the next time begins where this one had begun', async () => {
  dropAll()
  const { url } = await begun()
  await payments.pay(url)
  await payments.settled()
  faults.clear()
  const runs = () => rowsOf(database, 'select id from stripe_reconciliations')
  const before = (await runs()).length
  faults.add(Fault.parse({ on: 'api', do: 'fail', status: 503, path: '/v1/checkout/sessions' }))
  await expect(reconcile()).rejects.toMatchObject({ code: 'unavailable' })
  expect(await runs()).toHaveLength(before)
  faults.clear()
  expect(await reconcile()).toEqual({ missed: 0, settled: 1 })
})
