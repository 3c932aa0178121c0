import type Stripe from 'stripe'
import { emit } from './events'
import { newId } from './ids'
import { type LineFacts, newLine, totalsOf } from './invoice-parts'
import { partOf } from './list'
import { idOf } from './table'
import { taxIdsOf } from './tax-ids'
import { timeOf, type World } from './world'

export interface InvoiceFacts {
  customer: Stripe.Customer
  currency: string
  lines: LineFacts[]
  reason: 'manual' | 'subscription_create' | 'subscription_cycle' | 'subscription_update'
  automaticTax?: boolean
  collection?: 'charge_automatically' | 'send_invoice'
  dueDate?: number | null
  subscription?: Stripe.Subscription
  metadata?: Record<string, string>
  description?: string | null
  footer?: string | null
  custom_fields?: Stripe.Invoice.CustomField[] | null
  /** What happens to it an hour later, if anything does by itself. */
  advance?: (id: string) => void
  period?: { start: number; end: number }
}

const hour = 60 * 60

/** A draft. With `advance` it is finalized, and charged, an hour later by itself. */
export function newInvoice(world: World, facts: InvoiceFacts): Stripe.Invoice {
  const invoice = draftOf(world, newId('in'), facts)
  world.tables.invoices.put(invoice)
  emit(world, 'invoice.created', invoice)
  const { advance } = facts
  const { automatically_finalizes_at: when } = invoice
  if (when && advance)
    timeOf(world, facts.customer).plan(`finalize ${invoice.id}`, when, () => advance(invoice.id))
  return invoice
}

/** What an invoice would say: nothing is kept of it. */
export function draftOf(world: World, id: string, facts: InvoiceFacts): Stripe.Invoice {
  const { customer } = facts
  const now = timeOf(world, customer).now()
  const finalizes = facts.advance ? now + hour : null
  return {
    ...blank,
    id,
    automatic_tax: {
      disabled_reason: null,
      enabled: facts.automaticTax ?? false,
      liability: facts.automaticTax ? { type: 'self' } : null,
      provider: facts.automaticTax ? 'stripe' : null,
      status: facts.automaticTax ? 'complete' : null,
    },
    auto_advance: facts.advance !== undefined,
    automatically_finalizes_at: finalizes,
    billing_reason: facts.reason,
    collection_method: facts.collection ?? 'charge_automatically',
    created: now,
    currency: facts.currency,
    custom_fields: facts.custom_fields ?? null,
    customer: customer.id,
    description: facts.description ?? null,
    due_date: facts.dueDate ?? null,
    footer: facts.footer ?? customer.invoice_settings.footer,
    metadata: facts.metadata ?? {},
    parent: facts.subscription ? parentOf(facts.subscription) : null,
    period_end: facts.period?.end ?? now,
    period_start: facts.period?.start ?? now,
    test_clock: idOf(customer.test_clock),
    ...buyerOf(world, customer),
    ...linesOf(
      id,
      facts.lines.map((line) => newLine(id, line)),
    ),
  }
}

const blank = {
  object: 'invoice' as const,
  account_country: 'FR',
  account_name: 'Northwind Plugins',
  account_tax_ids: null,
  amount_overpaid: 0,
  amount_paid: 0,
  amount_shipping: 0,
  application: null,
  attempt_count: 0,
  attempted: false,
  customer_account: null,
  customer_shipping: null,
  default_payment_method: null,
  default_source: null,
  default_tax_rates: [],
  discounts: [],
  effective_at: null,
  ending_balance: null,
  from_invoice: null,
  hosted_invoice_url: null,
  invoice_pdf: null,
  issuer: { type: 'self' as const },
  last_finalization_error: null,
  latest_revision: null,
  livemode: false,
  next_payment_attempt: null,
  number: null,
  on_behalf_of: null,
  payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
  post_payment_credit_notes_amount: 0,
  pre_payment_credit_notes_amount: 0,
  receipt_number: null,
  rendering: null,
  shipping_cost: null,
  shipping_details: null,
  starting_balance: 0,
  statement_descriptor: null,
  status: 'draft' as const,
  status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
  total_discount_amounts: [],
  total_pretax_credit_amounts: [],
  webhooks_delivered_at: null,
} satisfies Partial<Stripe.Invoice>

const parentOf = (subscription: Stripe.Subscription): Stripe.Invoice.Parent => ({
  type: 'subscription_details',
  quote_details: null,
  subscription_details: { subscription: subscription.id, metadata: subscription.metadata },
})

const buyerOf = (world: World, customer: Stripe.Customer) => ({
  customer_address: customer.address ?? null,
  customer_email: customer.email,
  customer_name: customer.name ?? null,
  customer_phone: customer.phone ?? null,
  customer_tax_exempt: customer.tax_exempt ?? null,
  customer_tax_ids: taxIdsOf(world, customer.id).map(({ type, value }) => ({ type, value })),
})

/** The lines with what they come to. */
export function linesOf(id: string, lines: Stripe.InvoiceLineItem[]) {
  const totals = totalsOf(lines)
  // An invoice shows all of its lines here, where Stripe shows ten.
  const list = { ...partOf(lines, `/v1/invoices/${id}/lines`), data: lines, has_more: false }
  return { ...totals, lines: list, amount_due: totals.total, amount_remaining: totals.total }
}
