import type { z } from 'zod'
import { invoiceStatus } from '@/db/schema/invoices'
import { isId } from '@/lib/ids'
import type { InvoiceTold } from './settle-invoice'
import { asking, type Stripe } from './stripe'

/** What Stripe says of an invoice, with all that came of it, in our words. */
export type Told = Omit<z.input<typeof InvoiceTold>, 'reading'> & {
  customerId: string | null
  /** The Checkout of ours that it is the invoice of, as its metadata say. */
  checkoutId: string | null
  /** The automatic renewal of ours that it charges for. */
  automatic: { renewalId: string; stripeSubscriptionId: string; attempted: boolean } | null
}

/**
 * Asks Stripe for an invoice: itself, its lines, and of what was paid the charge, refunds, credit notes and disputes.
 * @returns null for a draft, which says nothing yet
 */
export async function askInvoice(invoiceId: string): Promise<Told | null> {
  const invoice = await asking((stripe) =>
    stripe.invoices.retrieve(invoiceId, { expand: ['payments.data.payment.payment_intent'] }),
  )
  const { id, status, customer, metadata } = invoice
  const known = invoiceStatus.enumValues.find((one) => one === status)
  if (!id || !known) return null
  const intent = intentOf(invoice)
  const chargeId = idOf(intent?.latest_charge)
  const [lines, charge, notes] = await Promise.all([
    linesOf(invoice),
    chargeId ? asking((stripe) => stripe.charges.retrieve(chargeId, { expand: ['refunds'] })) : null,
    notesOf(invoice),
  ])
  const [refunds, disputes] = await Promise.all([refundsOf(charge), disputesOf(charge)])
  const credited = invoice.post_payment_credit_notes_amount
  return {
    customerId: idOf(customer),
    checkoutId: isId(metadata?.checkout) ? metadata.checkout : null,
    automatic: automaticOf(invoice),
    invoice: {
      id,
      number: invoice.number ?? id,
      status: known,
      currency: invoice.currency,
      subtotal: invoice.subtotal,
      tax: (invoice.total_taxes ?? []).reduce((sum, { amount }) => sum + amount, 0),
      reverseCharge: (invoice.total_taxes ?? []).some(
        ({ taxability_reason: reason }) => reason === 'reverse_charge',
      ),
      total: invoice.total,
      amountPaid: invoice.amount_paid,
      credited: invoice.pre_payment_credit_notes_amount + credited,
      refunded: Math.max(charge?.amount_refunded ?? 0, credited),
      hostedUrl: invoice.hosted_invoice_url ?? null,
      pdfUrl: invoice.invoice_pdf ?? null,
      createdAt: instant(invoice.created),
      paidAt: instantOrNull(invoice.status_transitions.paid_at),
      dueAt: instantOrNull(invoice.due_date),
      paymentIntentId: intent?.id ?? null,
    },
    chargeId,
    lines: lines.map(lineOf),
    credited: notes.flatMap(creditedBy),
    entries: [...notes.map(ofNote), ...refunds.map(ofRefund), ...disputes.map(ofDispute)],
  }
}

/** The subscription's metadata as they were when the invoice was made: https://docs.stripe.com/api/invoices/object */
function automaticOf({ parent, attempted }: Stripe.Invoice): Told['automatic'] {
  const { subscription, metadata } = parent?.subscription_details ?? {}
  const renewalId = metadata?.renewal
  const stripeSubscriptionId = idOf(subscription)
  if (!stripeSubscriptionId || !isId(renewalId)) return null
  return { renewalId, stripeSubscriptionId, attempted }
}

/** The one that has paid it, or that it waits for. */
function intentOf({ payments }: Stripe.Invoice): Stripe.PaymentIntent | null {
  const all = payments?.data ?? []
  const { payment } = all.find(({ status }) => status === 'paid') ?? all[0] ?? {}
  return typeof payment?.payment_intent === 'object' ? payment.payment_intent : null
}

// An invoice shows ten lines, and the rest when it is asked for them.
async function linesOf({ id, lines }: Stripe.Invoice): Promise<Stripe.InvoiceLineItem[]> {
  if (!id || !lines.has_more) return lines.data
  return asking((stripe) =>
    stripe.invoices.listLineItems(id, { limit: 100 }).autoPagingToArray({ limit: 1_000 }),
  )
}

async function notesOf(invoice: Stripe.Invoice): Promise<Stripe.CreditNote[]> {
  const { id, pre_payment_credit_notes_amount: before, post_payment_credit_notes_amount: after } = invoice
  if (!id || before + after === 0) return []
  return (await asking((stripe) => stripe.creditNotes.list({ invoice: id, limit: 100 }))).data
}

// As an invoice its lines, a charge shows ten.
async function refundsOf(charge: Stripe.Charge | null): Promise<Stripe.Refund[]> {
  if (!charge) return []
  if (charge.refunds && !charge.refunds.has_more) return charge.refunds.data
  return (await asking((stripe) => stripe.refunds.list({ charge: charge.id, limit: 100 }))).data
}

async function disputesOf(charge: Stripe.Charge | null): Promise<Stripe.Dispute[]> {
  if (!charge?.disputed) return []
  return (await asking((stripe) => stripe.disputes.list({ charge: charge.id, limit: 100 }))).data
}

const lineOf = ({ id, description, amount, taxes, metadata }: Stripe.InvoiceLineItem) => ({
  id,
  description: description ?? '',
  amount,
  tax: (taxes ?? []).reduce((sum, tax) => sum + (tax.tax_behavior === 'exclusive' ? tax.amount : 0), 0),
  checkoutLineId: isId(metadata.line) ? metadata.line : null,
})

const creditedBy = ({ id, status, lines }: Stripe.CreditNote) =>
  status === 'void'
    ? []
    : lines.data.map((line) => ({ noteId: id, lineId: line.invoice_line_item ?? null, amount: line.amount }))

const ofNote = ({ id, status, amount, number, pdf, created }: Stripe.CreditNote) => ({
  ...{ id, kind: 'credit_note' as const, status, amount, number, pdfUrl: pdf },
  ...{ happenedAt: instant(created), dueAt: null },
})

const ofRefund = ({ id, status, amount, created }: Stripe.Refund) => ({
  ...{ id, kind: 'refund' as const, status: status ?? 'pending', amount, number: null, pdfUrl: null },
  ...{ happenedAt: instant(created), dueAt: null },
})

const ofDispute = ({ id, status, amount, created, evidence_details }: Stripe.Dispute) => ({
  ...{ id, kind: 'dispute' as const, status, amount, number: null, pdfUrl: null },
  ...{ happenedAt: instant(created), dueAt: instantOrNull(evidence_details.due_by) },
})

const idOf = (reference: string | { id: string } | null | undefined) =>
  typeof reference === 'string' ? reference : (reference?.id ?? null)

/** @param seconds since 1970, as Stripe says it */
const instant = (seconds: number) => new Date(seconds * 1_000)
const instantOrNull = (seconds: number | null | undefined) => (seconds ? instant(seconds) : null)
