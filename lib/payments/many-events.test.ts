import { setTimeout as wait } from 'node:timers/promises'
import pLimit from 'p-limit'
import { expect, test } from 'vitest'
import { Unavailable } from '@/lib/errors'
import { Fault } from '@/sandbox/stripe/faults'
import { byMember, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { paymentsForTests } from '@/sandbox/test/payments'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { startWorker } from '@/sandbox/test/worker'
import { beginCheckout } from './begin-checkout'
import { openSession } from './open-session'
import { receiveEvent } from './receive-event'
import { subjectOf } from './rules'
import type { Stripe } from './stripe'

const payments = await paymentsForTests()
const database = await productDatabase(payments.env)
const { stripe } = payments

const events = process.env.STRESS ? 10_000 : 500
/** Each tells of itself four times. */
const paid = process.env.STRESS ? 1_000 : 50
const few = pLimit(8)

/** As the endpoint gets it; what could not be stored comes again, as Stripe sends it. @returns how often it was sent */
async function arrive(event: Stripe.Event): Promise<number> {
  const payload = JSON.stringify(event)
  const secret = payments.env.STRIPE_WEBHOOK_SECRET
  const header = stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: payments.now() })
  for (let tries = 1; ; tries++) {
    try {
      expect(await receiveEvent(Buffer.from(payload), header)).toBe(true)
      return tries
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      await wait(100)
    }
  }
}

test(`[L4] ${events} different webhooks at once are all stored, and have all had their effects within 60 s`, async () => {
  // The worker's clock is this machine's.
  payments.setTime(new Date())
  payments.faults.add(Fault.parse({ on: 'webhook', do: 'drop' }))
  const acme = await makeCustomer('acme')
  const by = () => byMember(acme, 'billing')
  const { instanceId } = await sold(database, acme)
  const pay = async () => {
    const { subscriptionId } = await sold(database, acme, { onto: instanceId })
    const lines = { subscriptionIds: [subscriptionId], shown: 29_000, currency: 'eur' }
    const { checkoutId } = await beginCheckout(by(), lines)
    await payments.pay((await openSession(by(), checkoutId)).url)
  }
  await pay()
  for (let begun = 1; begun < paid; begun += 100) {
    await Promise.all(Array.from({ length: Math.min(100, paid - begun) }, () => few(pay)))
    // As Postgres does by itself, too late for rows that come so fast: it plans for empty tables until then.
    await rowsOf(database, 'analyze')
  }
  const [account] = await rowsOf<{ customer: string }>(
    database,
    'select customer_id as customer from billing_accounts',
  )
  const customer = account?.customer ?? ''
  const draft = () => stripe.invoices.create({ customer, currency: 'eur', auto_advance: false })
  const bill = async () => {
    const { id } = await draft()
    await stripe.invoiceItems.create({ customer, invoice: id, amount: 100, currency: 'eur' })
    await stripe.invoices.finalizeInvoice(id)
  }
  const told = async () => {
    const all: Stripe.Event[] = []
    for await (const event of stripe.events.list({ limit: 100 })) if (subjectOf(event.type)) all.push(event)
    return all
  }
  // A bill is told of when it is drafted and when it is final.
  const missing = events - (await told()).length
  const bills = Math.floor(missing / 2)
  if (missing % 2 === 1) await draft()
  await Promise.all(Array.from({ length: bills }, () => few(bill)))
  const ours = await told()
  expect(new Set(ours.map(({ id }) => id)).size).toBe(events)
  const worker = await startWorker()
  try {
    const begun = performance.now()
    const sent = await Promise.all(ours.map(arrive))
    const stored = performance.now() - begun
    const left = async () => {
      const [row] = await rowsOf<{ left: number }>(
        database,
        'select count(*)::int as left from stripe_events where done_at is null',
      )
      return row?.left
    }
    await expect.poll(left, { timeout: 600_000, interval: 100 }).toBe(0)
    const done = performance.now() - begun
    const [effects] = await rowsOf(
      database,
      `select (select count(*)::int from stripe_events) as stored,
         (select count(*)::int from invoices) as invoices,
         (select count(*)::int from checkouts where ended = 'paid') as paid,
         (select count(*)::int from terms where ordinal = 2) as renewed`,
    )
    expect(effects).toEqual({ stored: events, invoices: bills + paid, paid, renewed: paid })
    console.log(
      `[L4] ${events} events stored after ${Math.round(stored)} ms (${sent.reduce((sum, one) => sum + one - 1, 0)} sent again), all effects after ${Math.round(done)} ms`,
    )
    expect(done).toBeLessThan(60_000)
  } finally {
    await worker.stop()
  }
}, 3_600_000)
