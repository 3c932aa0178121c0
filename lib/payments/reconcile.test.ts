import { beforeAll, beforeEach, expect, test } from 'vitest'
import { now } from '@/lib/clock'
import { Fault } from '@/sandbox/stripe/faults'
import { byMember, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { asWorker, paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { beginCheckout } from './begin-checkout'
import { openSession } from './open-session'
import { receiveEvent } from './receive-event'
import { reconcile } from './reconcile'
import { subjectOf } from './rules'
import type { Stripe } from './stripe'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { stripe, faults } = payments
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
const waiting = async () =>
  (await rowsOf(database, 'select id from stripe_events where done_at is null')).length

/** As the endpoint gets it. */
const arrive = (event: Stripe.Event) => {
  const payload = JSON.stringify(event)
  const timestamp = Math.floor(now().getTime() / 1_000)
  const secret = payments.env.STRIPE_WEBHOOK_SECRET
  const header = stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp })
  return receiveEvent(Buffer.from(payload), header)
}
const checkoutIn = ({ data: { object } }: Stripe.Event) =>
  'metadata' in object ? (object.metadata?.checkout ?? '') : ''

test('what was paid while the portal was down is made up for, also by the worker, and a second time there is nothing', async () => {
  dropAll()
  const { checkoutId, url } = await begun()
  await payments.pay(url)
  await payments.work()
  expect(await standing([checkoutId])).toMatchObject([{ ended: null, terms: 1 }])
  // The Checkout's own event, two of its invoice, and two of the customer, who was named and gave their address.
  expect(await asWorker(reconcile)).toEqual({ missed: 5, settled: 1 })
  expect(await standing([checkoutId])).toMatchObject([{ ended: 'paid', terms: 2, keys: 2 }])
  expect(await payments.work()).toBe(5)
  expect(await reconcile()).toEqual({ missed: 0, settled: 0 })
  expect(await standing([checkoutId])).toMatchObject([{ ended: 'paid', terms: 2, keys: 2 }])
})

const flows = ['card', 'debit', 'bounced', 'expired'] as const
const wanted = {
  card: { ended: 'paid', terms: 2, keys: 2 },
  debit: { ended: 'paid', terms: 2, keys: 2 },
  bounced: { ended: 'failed', terms: 1, keys: 1 },
  expired: { ended: 'expired', terms: 1, keys: 1 },
}
const ibans = { debit: 'AT321904300235473204', bounced: 'AT051904300235473205' }

/** Every order of the list. */
function orders<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((one, at) => orders(list.toSpliced(at, 1)).map((rest) => [one, ...rest]))
}

const rounds = process.env.STRESS ? 100 : 3

test(`[W2] of each flow every order of its events, each also twice, with one of them lost and reconciled, ${rounds} rounds: as if none was lost`, async () => {
  let sequences = 0
  let lost = 0
  for (let round = 0; round < rounds; round++) {
    dropAll()
    const from = Math.floor(now().getTime() / 1_000)
    const made: { checkoutId: string; flow: (typeof flows)[number]; at: number; doubled: boolean }[] = []
    // As many as there are orders of two events, times which of them is lost, times once or twice.
    for (const flow of flows)
      for (let at = 0; at < 4; at++)
        for (const doubled of [false, true]) {
          const { checkoutId, url } = await begun()
          made.push({ checkoutId, flow, at, doubled })
          if (flow === 'card') await payments.pay(url)
          if (flow === 'debit' || flow === 'bounced')
            await payments.pay(url, { method: 'sepa_debit', iban: ibans[flow] })
        }
    await minutes(10)
    await minutes(25 * 60)
    faults.clear()
    const events = Map.groupBy(await allEvents(from), checkoutIn)
    for (const { checkoutId, at, doubled } of made) {
      const own = events.get(checkoutId) ?? []
      const sequence = orders(own)[at % orders(own).length] ?? []
      const missing = sequence[Math.floor(at / orders(own).length) % sequence.length]
      for (const event of sequence.filter((one) => one !== missing))
        for (let times = doubled ? 2 : 1; times > 0; times--) {
          expect(await arrive(event)).toBe(true)
          if (at % 2) await payments.work()
        }
      lost += missing ? 1 : 0
      sequences++
    }
    await payments.work()
    const { missed } = await reconcile()
    expect(missed).toBe(made.length)
    await payments.work()
    expect(await waiting()).toBe(0)
    expect(await standing(made.map(({ checkoutId }) => checkoutId))).toEqual(
      made.map(({ checkoutId, flow }) => ({ id: checkoutId, ...wanted[flow] })),
    )
  }
  console.log(`[W2] ${sequences} sequences, ${lost} events lost and found`)
}, 600_000)

async function allEvents(from: number): Promise<Stripe.Event[]> {
  const all = stripe.events.list({ created: { gte: from }, limit: 100 })
  const events = await all.autoPagingToArray({ limit: 10_000 })
  return events.filter(({ type }) => subjectOf(type)).toReversed()
}

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
  expect(await reconcile()).toEqual({ missed: 3, settled: 1 })
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
