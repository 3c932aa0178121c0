import { askInvoice } from '@/lib/payments/ask-invoice'
import { beginCheckout } from '@/lib/payments/begin-checkout'
import { openSession } from '@/lib/payments/open-session'
import { settleInvoice } from '@/lib/payments/settle-invoice'
import type { TestDatabase } from './database'
import { byMember, bySystem, type Fixture, rowsOf } from './fixture'
import type { paymentsForTests } from './payments'
import type { Sold } from './sold'

export interface Term {
  ordinal: number
  startsAt: Date
  endsAt: Date
  refunded: boolean
  /** Why it counts no longer. */
  reason: string | null
  /** Why its key is revoked. */
  revoked: string | null
  /** A newer key follows its key. */
  renewed: boolean
  keyId: string
  issuedAt: Date
  worksFrom: Date
}

type Payments = Awaited<ReturnType<typeof paymentsForTests>>

/** Pays, and takes money back at Stripe's stand-in; and reads what has come of it. */
export const returnsForTests = (payments: Payments, database: TestDatabase, whose: () => Fixture) => ({
  ...paying(payments, database, whose),
  ...reading(database),
  ...disputing(payments, whose),
})

function paying(payments: Payments, database: TestDatabase, whose: () => Fixture) {
  /** Begins to pay the next term of each together. */
  async function begun(...of: [one: Sold, amount: number][]) {
    const shown = of.reduce((sum, [, amount]) => sum + amount, 0)
    const subscriptionIds = of.map(([{ subscriptionId }]) => subscriptionId)
    const by = byMember(whose(), 'billing')
    const { checkoutId } = await beginCheckout(by, { subscriptionIds, shown, currency: 'eur' })
    const { url } = await openSession(by, checkoutId)
    return { checkoutId, url }
  }

  /** Pays the next term of each together, and works on what Stripe tells of it. */
  async function renewed(...of: [one: Sold, amount: number][]) {
    const { checkoutId, url } = await begun(...of)
    await payments.pay(url)
    await payments.work()
    return { checkoutId, ...(await invoiceOf(checkoutId)) }
  }

  async function invoiceOf(checkoutId: string) {
    const [row] = await rowsOf<{ invoiceId: string; intent: string }>(
      database,
      `select i.id as "invoiceId", i.payment_intent_id as intent from checkouts c
       join invoices i on i.id = c.invoice_id where c.id = $1`,
      [checkoutId],
    )
    if (!row) throw new Error('its invoice is not mirrored')
    return row
  }

  return { begun, renewed, invoiceOf }
}

function reading(database: TestDatabase) {
  const termsOf = ({ subscriptionId }: Pick<Sold, 'subscriptionId'>) =>
    rowsOf<Term>(
      database,
      `select t.ordinal, t.starts_at as "startsAt", t.ends_at as "endsAt", t.refunded_at is not null as refunded,
         f.reason, r.reason as revoked, k.renewed_at is not null as renewed, k.id as "keyId",
         k.issued_at as "issuedAt", k.starts_at as "worksFrom"
       from terms t join keys k on k.term_id = t.id
         left join term_refunds f on f.term_id = t.id and f.restored_at is null
         left join revocations r on r.key_id = k.id and r.restored_at is null
       where t.subscription_id = $1 order by t.ordinal`,
      [subscriptionId],
    )

  const questionsOf = (invoiceId: string) =>
    rowsOf<{ kind: string; amount: string }>(
      database,
      'select kind, amount from payment_questions where invoice_id = $1 and closed_at is null order by kind',
      [invoiceId],
    )

  /** The line of an invoice that is of this subscription. */
  async function lineOf(invoiceId: string, { subscriptionId }: Sold) {
    const [line] = await rowsOf<{ id: string }>(
      database,
      `select l.id from invoice_lines l join checkout_lines c on c.id = l.checkout_line_id
       where l.invoice_id = $1 and c.subscription_id = $2`,
      [invoiceId, subscriptionId],
    )
    return line?.id ?? ''
  }

  return { termsOf, questionsOf, lineOf }
}

function disputing(payments: Payments, whose: () => Fixture) {
  let later = 1_000_000
  /** The bank takes it back for now. */
  async function dispute(intent: string) {
    const { latest_charge: charge } = await payments.stripe.paymentIntents.retrieve(intent)
    const response = await fetch(`${payments.url}/_sandbox/disputes`, {
      method: 'POST',
      body: JSON.stringify({ charge: String(charge) }),
    })
    return (await response.json()) as { id: string }
  }

  const decide = (id: string, how: 'winning_evidence' | 'losing_evidence') =>
    payments.stripe.disputes.update(id, { evidence: { uncategorized_text: how } })

  /**
   * What was lost is won after all. The stand-in does not know that, so that it is said here; each time later than before.
   */
  async function winAfterAll(invoiceId: string) {
    const told = await askInvoice(invoiceId)
    if (!told) throw new Error('it is final')
    const { customerId: _customer, checkoutId: _checkout, ...rest } = told
    const entries = told.entries.map((entry) =>
      entry.kind === 'dispute' ? { ...entry, status: 'won' } : entry,
    )
    later += 1
    await settleInvoice(bySystem(whose().organizationId), { ...rest, entries, reading: later })
  }

  return { dispute, decide, winAfterAll }
}
