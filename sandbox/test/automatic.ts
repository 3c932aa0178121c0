import { expect } from 'vitest'
import { now } from '@/lib/clock'
import { alignAutomatic } from '@/lib/payments/automatic/align'
import { beginAutomatic } from '@/lib/payments/automatic/begin'
import { endAtStripe } from '@/lib/payments/automatic/end-at-stripe'
import { startAutomatic } from '@/lib/payments/automatic/start'
import { beginCheckout } from '@/lib/payments/begin-checkout'
import { closeCheckouts } from '@/lib/payments/close-checkouts'
import { openSession } from '@/lib/payments/open-session'
import type { TestDatabase } from './database'
import { byMember, type Fixture, rowsOf } from './fixture'
import { runJobs } from './jobs'
import type { paymentsForTests } from './payments'
import { sold } from './sold'

type Payments = Awaited<ReturnType<typeof paymentsForTests>>

const tasks = { align_automatic: alignAutomatic, close_checkouts: closeCheckouts, end_automatic: endAtStripe }

export const days = (count: number, from = now()) => new Date(from.getTime() + count * 86_400_000)

/** Switches automatic renewals on, lets time pass, and reads what has come of it. */
export const automaticForTests = (payments: Payments, database: TestDatabase, whose: () => Fixture) => ({
  ...living(payments, database),
  ...switching(payments, database, whose),
  ...reading(database),
  ...ending(payments, database),
})

function living(payments: Payments, database: TestDatabase) {
  /** Events and jobs, until nothing is left to do. */
  async function settled() {
    for (let more = true; more; ) {
      const worked = await payments.work()
      more = worked + (await runJobs(database, tasks)).length > 0
    }
  }

  /** As time passes, so that what is due is worked on when it is. */
  async function liveUntil(to: Date, step = 30 * 86_400_000) {
    for (let at = now().getTime(); at < to.getTime(); ) {
      at = Math.min(at + step, to.getTime())
      await payments.moveTo(new Date(at))
      await settled()
    }
  }

  return { settled, liveUntil }
}

function switching(payments: Payments, database: TestDatabase, whose: () => Fixture) {
  const { settled } = living(payments, database)
  const begin = (subscriptionId: string, as: 'billing' | 'owner' = 'billing', of = whose()) =>
    beginAutomatic(byMember(of, as), { subscriptionId, shown: 29_000, currency: 'eur' })
  const start = (renewalId: string, of = whose()) => startAutomatic(of.organizationId, renewalId)

  /** Sold, and on. */
  async function on({ of = whose(), card = '4242 4242 4242 4242' } = {}) {
    const one = await sold(database, of)
    const { renewalId } = await begin(one.subscriptionId, 'billing', of)
    const { url } = await start(renewalId, of)
    if (url) await payments.pay(url, { method: 'card', card })
    await settled()
    return { ...one, renewalId }
  }

  async function beginByHand(subscriptionId: string, of = whose()) {
    const member = byMember(of, 'billing')
    const asked = { subscriptionIds: [subscriptionId], shown: 29_000, currency: 'eur' }
    const { checkoutId } = await beginCheckout(member, asked)
    return { checkoutId, url: (await openSession(member, checkoutId)).url }
  }

  async function payByHand(subscriptionId: string, by?: Record<string, string>, of = whose()) {
    const { checkoutId, url } = await beginByHand(subscriptionId, of)
    await payments.pay(url, by)
    await settled()
    return checkoutId
  }

  return { begin, start, on, beginByHand, payByHand }
}

function reading(database: TestDatabase) {
  const termsOf = (subscriptionId: string) =>
    rowsOf<{ startsAt: Date; endsAt: Date; keys: number }>(
      database,
      `select starts_at as "startsAt", ends_at as "endsAt", (select count(*)::int from keys where term_id = t.id) as keys
       from terms t where subscription_id = $1 and refunded_at is null order by ordinal`,
      [subscriptionId],
    )

  async function firstTerm(subscriptionId: string) {
    const [first] = await termsOf(subscriptionId)
    if (!first) throw new Error('it was sold')
    return first
  }

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

  /** The invoices that an automatic renewal has charged, the newest last. */
  const chargesOf = (renewalId: string) =>
    rowsOf<{ invoiceId: string; ended: string | null; intent: string | null }>(
      database,
      `select a.invoice_id as "invoiceId", c.ended, i.payment_intent_id as intent from automatic_charges a
         join checkouts c on c.id = a.checkout_id left join invoices i on i.id = a.invoice_id
       where a.renewal_id = $1 order by c.id`,
      [renewalId],
    )

  const askedOf = (subscriptionId: string) => askedAbout(database, subscriptionId)
  return { termsOf, firstTerm, renewalOf, chargesOf, askedOf }
}

function ending(payments: Payments, database: TestDatabase) {
  const { liveUntil } = living(payments, database)
  const { renewalOf, termsOf } = reading(database)

  /** It has ended here and at Stripe, and no day of what was to be charged brings a term. */
  async function chargesNoMore({ subscriptionId, renewalId }: { subscriptionId: string; renewalId: string }) {
    const { stripeId, cancelledAt } = await renewalOf(renewalId)
    expect(cancelledAt).not.toBeNull()
    const { status } = await payments.stripe.subscriptions.retrieve(stripeId ?? '')
    expect(status).toBe('canceled')
    const terms = (await termsOf(subscriptionId)).length
    await liveUntil(days(400), 400 * 86_400_000)
    expect(await termsOf(subscriptionId)).toHaveLength(terms)
  }

  return { chargesNoMore }
}

/** What staff are asked about the invoices of a subscription. */
async function askedAbout(database: TestDatabase, subscriptionId: string) {
  const rows = await rowsOf<{ kind: string }>(
    database,
    `select q.kind from payment_questions q join invoice_lines l on l.invoice_id = q.invoice_id
       join checkout_lines c on c.id = l.checkout_line_id
     where c.subscription_id = $1 and q.closed_at is null order by q.asked_at`,
    [subscriptionId],
  )
  return rows.map(({ kind }) => kind)
}
