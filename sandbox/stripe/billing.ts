import type Stripe from 'stripe'
import { change, emit } from './events'
import { invalid } from './failure'
import { newId } from './ids'
import { cancelIntent, confirm, newIntent } from './paying'
import { idOf } from './table'
import { timeOf, type World } from './world'

/**
 * Makes a draft final: it gets its number, its page and PDF, and the payment that it waits for.
 * @param paidBy a payment that was already made, as Checkout's is
 */
export function finalize(world: World, draft: Stripe.Invoice, paidBy?: Stripe.PaymentIntent): Stripe.Invoice {
  if (draft.status !== 'draft')
    throw invalid(
      "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
      undefined,
      'invoice_already_finalized',
    )
  const customer = world.tables.customers.get(idOf(draft.customer) ?? '')
  const time = timeOf(world, customer)
  time.drop(`finalize ${draft.id}`)
  const sequence = customer.next_invoice_sequence ?? 1
  world.tables.customers.put({ ...customer, next_invoice_sequence: sequence + 1 })
  const page = `${world.url}/invoices/${draft.id}`
  const invoice: Stripe.Invoice = world.tables.invoices.put({
    ...draft,
    automatically_finalizes_at: null,
    effective_at: time.now(),
    ending_balance: 0,
    hosted_invoice_url: page,
    invoice_pdf: `${page}/pdf`,
    number: `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`,
    status: 'open',
    status_transitions: { ...draft.status_transitions, finalized_at: time.now() },
  })
  if (invoice.amount_due > 0) awaitPayment(world, invoice, paidBy)
  emit(world, 'invoice.finalized', invoice)
  const due = invoice.due_date
  if (due) time.plan(`overdue ${invoice.id}`, due, () => overdue(world, invoice.id))
  return invoice.amount_due === 0 ? paid(world, invoice, { amount: 0 }) : invoice
}

function awaitPayment(world: World, invoice: Stripe.Invoice, paidBy: Stripe.PaymentIntent | undefined) {
  const intent =
    paidBy ??
    newIntent(world, {
      amount: invoice.amount_due,
      currency: invoice.currency,
      customer: idOf(invoice.customer),
      description: invoice.parent ? 'Subscription update' : 'Payment for Invoice',
      receipt_email: invoice.customer_email,
      setup_future_usage: invoice.parent ? 'off_session' : null,
      types: ['card', 'sepa_debit'],
    })
  world.tables.invoicePayments.put({
    id: newId('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: timeOf(world, invoice.customer).now(),
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { type: 'payment_intent', payment_intent: intent.id },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  })
}

function overdue(world: World, id: string) {
  const invoice = world.tables.invoices.find(id)
  if (invoice?.status !== 'open') return
  emit(world, 'invoice.overdue', invoice)
  world.hooks.invoice(invoice, 'overdue')
}

export const paymentsOf = (world: World, invoice: string) => world.tables.invoicePayments.of(invoice)

/** What an invoice waits to be paid by. */
export function intentOf(world: World, invoice: Stripe.Invoice): Stripe.PaymentIntent | undefined {
  const payment = paymentsOf(world, invoice.id)[0]?.payment
  return world.tables.paymentIntents.find(idOf(payment?.payment_intent) ?? '')
}

/** @param how `amount`: what Stripe took; the rest was paid elsewhere */
export function paid(
  world: World,
  open: Stripe.Invoice,
  how: { amount: number; outside?: boolean },
): Stripe.Invoice {
  const time = timeOf(world, open.customer)
  for (const planned of ['retry', 'overdue']) time.drop(`${planned} ${open.id}`)
  const invoice = world.tables.invoices.put({
    ...open,
    amount_paid: how.outside ? open.amount_due : how.amount,
    ...(how.outside ? { amount_paid_off_stripe: open.amount_due } : {}),
    amount_remaining: 0,
    attempted: true,
    next_payment_attempt: null,
    status: 'paid',
    status_transitions: { ...open.status_transitions, paid_at: time.now() },
  })
  const payment = paymentsOf(world, open.id)[0]
  if (payment && !how.outside) {
    const status_transitions = { canceled_at: null, paid_at: time.now() }
    const done = world.tables.invoicePayments.put({
      ...payment,
      amount_paid: how.amount,
      status: 'paid',
      status_transitions,
    })
    emit(world, 'invoice_payment.paid', done)
  }
  emit(world, 'invoice.paid', invoice)
  emit(world, 'invoice.payment_succeeded', invoice)
  world.hooks.invoice(invoice, 'paid')
  return invoice
}

/**
 * Tries to take an invoice's money.
 * @returns the invoice: paid, or open with one attempt more. A debit leaves it open until the bank has answered.
 */
export function collect(
  world: World,
  open: Stripe.Invoice,
  method: Stripe.PaymentMethod | undefined,
  how: { offSession: boolean; authenticated?: boolean; retry?: boolean },
): Stripe.Invoice {
  const intent = intentOf(world, open)
  // A person's own tries after the first do not count, and move no retry.
  const counted = how.retry === true || open.attempt_count === 0
  const attempt = world.tables.invoices.put({
    ...open,
    attempted: true,
    attempt_count: open.attempt_count + (counted ? 1 : 0),
  })
  if (!intent || !method) return failedAttempt(world, attempt, counted)
  world.hooks.settled.set(intent.id, (settled) => concluded(world, open.id, settled, counted))
  return concluded(world, open.id, confirm(world, intent, method, how), counted)
}

/** What a payment's outcome means for the invoice that it pays. */
export function concluded(
  world: World,
  id: string,
  intent: Stripe.PaymentIntent,
  counted = true,
): Stripe.Invoice {
  const invoice = world.tables.invoices.get(id)
  if (invoice.status === 'paid' || intent.status === 'processing') return invoice
  if (intent.status === 'succeeded') return paid(world, invoice, { amount: intent.amount_received })
  if (intent.status === 'requires_action') emit(world, 'invoice.payment_action_required', invoice)
  return failedAttempt(world, invoice, counted)
}

function failedAttempt(world: World, invoice: Stripe.Invoice, counted: boolean): Stripe.Invoice {
  if (counted) world.hooks.invoice(invoice, 'failed')
  const after = world.tables.invoices.get(invoice.id)
  emit(world, 'invoice.payment_failed', after)
  return after
}

/** What becomes by itself of a draft: it is made final, and paid from what the customer has set up. */
export function advance(world: World, id: string) {
  const draft = world.tables.invoices.find(id)
  if (draft?.status !== 'draft' || !draft.auto_advance) return
  // Whose customer was deleted meanwhile stays a draft.
  if (!world.tables.customers.find(idOf(draft.customer) ?? '')) return
  const invoice = finalize(world, draft)
  if (invoice.status === 'open' && invoice.collection_method === 'charge_automatically')
    tryPaying(world, invoice)
}

/** Charges an invoice to what is kept of the subscription or the customer. */
export function tryPaying(world: World, invoice: Stripe.Invoice): Stripe.Invoice {
  return collect(world, invoice, defaultMethod(world, invoice), { offSession: true })
}

export function defaultMethod(world: World, invoice: Stripe.Invoice): Stripe.PaymentMethod | undefined {
  const subscription = world.tables.subscriptions.find(
    idOf(invoice.parent?.subscription_details?.subscription) ?? '',
  )
  const customer = world.tables.customers.find(idOf(invoice.customer) ?? '')
  const id =
    idOf(invoice.default_payment_method) ??
    idOf(subscription?.default_payment_method) ??
    idOf(customer?.invoice_settings.default_payment_method)
  return id ? world.tables.paymentMethods.find(id) : undefined
}

/** Ends an invoice without money. */
export function endInvoice(
  world: World,
  invoice: Stripe.Invoice,
  how: 'void' | 'uncollectible',
  reason = 'user_forgiven',
): Stripe.Invoice {
  const allowed = how === 'void' ? ['open', 'uncollectible'] : ['open']
  if (!allowed.includes(String(invoice.status))) {
    throw invalid(
      `You can only ${how === 'void' ? 'void' : 'mark as uncollectible'} an open invoice: this one is ${invoice.status}.`,
      undefined,
      'invoice_not_editable',
    )
  }
  const time = timeOf(world, invoice.customer)
  for (const planned of ['retry', 'overdue']) time.drop(`${planned} ${invoice.id}`)
  const intent = intentOf(world, invoice)
  if (how === 'void' && intent && !['succeeded', 'canceled', 'processing'].includes(intent.status)) {
    cancelIntent(world, intent, 'void_invoice')
  }
  const { status_transitions: at } = invoice
  const after = world.tables.invoices.put({
    ...invoice,
    status: how,
    ...(how === 'uncollectible' ? { status_details: { uncollectible: { reason } } } : {}),
    auto_advance: false,
    next_payment_attempt: null,
    status_transitions:
      how === 'void' ? { ...at, voided_at: time.now() } : { ...at, marked_uncollectible_at: time.now() },
  })
  emit(world, how === 'void' ? 'invoice.voided' : 'invoice.marked_uncollectible', after)
  world.hooks.invoice(after, how === 'void' ? 'voided' : 'uncollectible')
  return after
}

/** Changes what an invoice says, and says so. */
export const changeInvoice = (world: World, invoice: Stripe.Invoice, patch: Partial<Stripe.Invoice>) =>
  change(world, 'invoice.updated', world.tables.invoices, invoice, patch)
