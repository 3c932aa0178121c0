import type Stripe from 'stripe'
import { concluded, finalize, paid } from './billing'
import { buyer, type Checkout, type Entered, fillIn, ruleOf, sessionOf } from './checkout-buyer'
import { invoiceLines } from './checkout-lines'
import { newInvoice } from './drafts'
import { emit } from './events'
import { Failure } from './failure'
import { newSubscription } from './new-subscription'
import { changedMetadata } from './params'
import { assertNotDeclined, confirm, newIntent, refuseAuthentication } from './paying'
import { attach, newAccount, newCard } from './payment-methods'
import { newSetupIntent, setUp } from './setup-intents'
import { invoicePeriod, plan } from './subscribing'
import { idOf } from './table'
import { timeOf, type World } from './world'

/** Where the person goes next. */
type Next = string

const day = 24 * 60 * 60

/**
 * Pays a Checkout, as its page does.
 * @returns where the person goes: back to the shop, or to their bank first
 * @throws {Failure} when it is declined; the session stays open for another try
 */
export function payCheckout(world: World, id: string, entered: Entered): Next {
  const { params, lines } = world.tables.checkouts.get(id)
  const checkout = { world, id, params, lines }
  const session = sessionOf(checkout)
  if (session.status !== 'open')
    throw new Failure(400, { type: 'invalid_request_error', message: 'This Checkout is no longer open.' })
  const customer = buyer(checkout, entered)
  const billing = { name: entered.name, email: entered.email }
  const method =
    'card' in entered.method
      ? newCard(world, entered.method.card.replaceAll(' ', ''), { billing })
      : newAccount(world, entered.method.iban, { billing })
  fillIn(checkout, customer, entered)
  if (session.mode === 'setup') return payBySetup(checkout, customer, method)
  const delayed =
    params.subscription_data?.trial_end ??
    params.subscription_data?.trial_period_days ??
    params.subscription_data?.billing_cycle_anchor
  if (session.mode === 'subscription' && delayed) {
    subscribe(checkout, keep(world, method, customer), undefined)
    return done(checkout, 'no_payment_required')
  }
  return payNow(checkout, customer, method)
}

function keep(
  world: World,
  method: Stripe.PaymentMethod,
  customer: Stripe.Customer | undefined,
): Stripe.PaymentMethod {
  if (!customer) return method
  world.tables.numbers.put({ ...world.tables.numbers.get(method.id), setUp: true })
  return attach(world, method, customer.id)
}

function payBySetup(
  checkout: Checkout,
  customer: Stripe.Customer | undefined,
  method: Stripe.PaymentMethod,
): Next {
  const { world, id, params } = checkout
  const intent = newSetupIntent(world, { ...params.setup_intent_data, customer: customer?.id ?? null })
  world.tables.sessions.put({ ...sessionOf(checkout), setup_intent: intent.id })
  const after = setUp(world, intent, method, false)
  if (after.status === 'succeeded') return done(checkout, 'no_payment_required')
  world.hooks.asked.set(intent.id, (agreed) => {
    if (!agreed) return `${world.url}/c/pay/${id}?declined=authentication`
    setUp(world, after, method, true)
    return done(checkout, 'no_payment_required')
  })
  return `${world.url}/authenticate/${intent.id}`
}

function payNow(
  checkout: Checkout,
  customer: Stripe.Customer | undefined,
  method: Stripe.PaymentMethod,
): Next {
  const { world, id, params } = checkout
  const session = sessionOf(checkout)
  const amount = session.amount_total ?? 0
  if (amount === 0) return conclude(checkout, undefined, method)
  const known = world.tables.paymentIntents.find(idOf(session.payment_intent) ?? '')
  const data = params.payment_intent_data
  const intent =
    known?.amount === amount
      ? known
      : newIntent(world, {
          ...data,
          amount,
          currency: session.currency ?? 'eur',
          customer: customer?.id ?? null,
          setup_future_usage:
            session.mode === 'subscription' ? 'off_session' : (data?.setup_future_usage ?? null),
          types: session.payment_method_types,
        })
  if (session.mode === 'payment')
    world.tables.sessions.put({ ...sessionOf(checkout), payment_intent: intent.id })
  const after = confirm(world, intent, method, { returnUrl: `${world.url}/c/pay/${id}` })
  if (after.status !== 'requires_action') return conclude(checkout, assertNotDeclined(after), method)
  world.hooks.asked.set(after.id, (agreed) => {
    if (agreed)
      return conclude(
        checkout,
        assertNotDeclined(confirm(world, after, method, { authenticated: true })),
        method,
      )
    refuseAuthentication(world, after)
    return `${world.url}/c/pay/${id}?declined=authentication`
  })
  return `${world.url}/authenticate/${after.id}`
}

/** The money is there, or on its way. */
function conclude(
  checkout: Checkout,
  intent: Stripe.PaymentIntent | undefined,
  method: Stripe.PaymentMethod,
): Next {
  const { world, id } = checkout
  const session = sessionOf(checkout)
  const delayed = intent?.status === 'processing'
  if (session.mode === 'subscription') {
    const customer = world.tables.customers.find(idOf(session.customer) ?? '')
    subscribe(checkout, keep(world, world.tables.paymentMethods.get(method.id), customer), intent)
  } else if (!delayed) invoiceFor(checkout, intent)
  if (intent && delayed)
    world.hooks.settled.set(intent.id, (settled) => settledLater({ ...checkout, id }, settled))
  return done(checkout, delayed ? 'unpaid' : intent ? 'paid' : 'no_payment_required')
}

function settledLater(checkout: Checkout, intent: Stripe.PaymentIntent) {
  const { world } = checkout
  const session = sessionOf(checkout)
  const invoice = idOf(session.invoice)
  if (session.mode === 'subscription' && invoice) concluded(world, invoice, intent)
  if (intent.status !== 'succeeded') {
    emit(world, 'checkout.session.async_payment_failed', session)
    return
  }
  if (session.mode === 'payment') invoiceFor(checkout, intent)
  const after = world.tables.sessions.put<Stripe.Checkout.Session>({
    ...sessionOf(checkout),
    payment_status: 'paid',
  })
  emit(world, 'checkout.session.async_payment_succeeded', after)
}

/** The invoice of what was paid, where the shop asked for one. */
function invoiceFor(checkout: Checkout, intent: Stripe.PaymentIntent | undefined) {
  const { world, lines } = checkout
  const session = sessionOf(checkout)
  const creation = session.invoice_creation
  const customer = world.tables.customers.find(idOf(session.customer) ?? '')
  if (!creation?.enabled || !customer) return
  const code = session.currency ?? 'eur'
  const data = creation.invoice_data
  const draft = newInvoice(world, {
    customer,
    currency: code,
    lines: invoiceLines(lines, code, ruleOf(checkout, customer), timeOf(world, customer).now()),
    reason: 'manual',
    automaticTax: session.automatic_tax.enabled,
    metadata: data.metadata ?? {},
    description: data.description,
    footer: data.footer,
    custom_fields: data.custom_fields,
  })
  const open = finalize(world, draft, intent)
  world.tables.sessions.put({ ...sessionOf(checkout), invoice: open.id })
  if (intent && open.status === 'open') paid(world, open, { amount: intent.amount_received })
}

/** The subscription, with its first invoice: of nothing in a trial, none before an anchor, else what was paid. */
function subscribe(
  checkout: Checkout,
  method: Stripe.PaymentMethod,
  intent: Stripe.PaymentIntent | undefined,
) {
  const { world, params, lines } = checkout
  const session = sessionOf(checkout)
  const customer = world.tables.customers.get(idOf(session.customer) ?? '')
  const data = params.subscription_data
  const trialEnd = data?.trial_period_days
    ? timeOf(world, customer).now() + data.trial_period_days * day
    : data?.trial_end
  const made = newSubscription(world, {
    customer,
    items: lines.map(({ price, quantity, metadata }) => ({ price, quantity, metadata })),
    currency: session.currency ?? 'eur',
    anchor: data?.billing_cycle_anchor,
    trialEnd,
    automaticTax: session.automatic_tax.enabled,
    method: method.id,
    metadata: changedMetadata({}, data?.metadata),
    description: data?.description,
    missingMethod: data?.trial_settings?.end_behavior.missing_payment_method,
  })
  const bill = data?.billing_cycle_anchor
    ? undefined
    : invoicePeriod(world, made, 'subscription_create', { trial: trialEnd !== undefined, advances: false })
  const invoice = bill && finalize(world, bill, intent)
  const subscription = world.tables.subscriptions.put({ ...made, latest_invoice: invoice?.id ?? null })
  world.tables.sessions.put({
    ...sessionOf(checkout),
    subscription: subscription.id,
    invoice: invoice?.id ?? null,
  })
  emit(world, 'customer.subscription.created', subscription)
  plan(world, subscription)
  if (invoice?.status === 'open' && intent?.status === 'succeeded')
    paid(world, invoice, { amount: intent.amount_received })
}

function done(checkout: Checkout, status: 'paid' | 'unpaid' | 'no_payment_required'): Next {
  const { world, id } = checkout
  const session = sessionOf(checkout)
  timeOf(world, idOf(session.customer)).drop(`expire ${id}`)
  const complete = world.tables.sessions.put<Stripe.Checkout.Session>({
    ...session,
    status: 'complete',
    payment_status: status,
    url: null,
  })
  emit(world, 'checkout.session.completed', complete)
  return (session.success_url ?? world.url).replaceAll('{CHECKOUT_SESSION_ID}', id)
}
