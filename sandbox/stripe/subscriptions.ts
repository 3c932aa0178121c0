import type Stripe from 'stripe'
import { z } from 'zod'
import { collect, endInvoice, finalize, intentOf } from './billing'
import { emit } from './events'
import { invalid, notHere } from './failure'
import { pageOf, within } from './list'
import { newSubscription, type SubscriptionFacts } from './new-subscription'
import {
  accepts,
  bool,
  changedMetadata,
  clearable,
  currency,
  integer,
  metadata,
  natural,
  pages,
  span,
  text,
} from './params'
import { assertNotDeclined } from './paying'
import { route } from './route'
import { end, invoicePeriod, methodOf, pause, plan, restart } from './subscribing'
import { idOf } from './table'
import { timeOf, type World } from './world'

const day = 24 * 60 * 60
const proration = z.enum(['none', 'create_prorations', 'always_invoice'])
const trialSettings = z.strictObject({
  end_behavior: z.strictObject({ missing_payment_method: z.enum(['cancel', 'create_invoice', 'pause']) }),
})

const create = accepts<Stripe.SubscriptionCreateParams>()({
  automatic_tax: z.strictObject({ enabled: bool }).optional(),
  billing_cycle_anchor: integer.optional(),
  cancel_at_period_end: bool.optional(),
  collection_method: z.enum(['charge_automatically', 'send_invoice']).optional(),
  currency: currency.optional(),
  customer: text,
  days_until_due: natural.optional(),
  default_payment_method: text.optional(),
  description: text.optional(),
  items: z
    .array(z.strictObject({ price: text, quantity: natural.optional(), metadata: metadata.optional() }))
    .min(1),
  metadata: metadata.optional(),
  off_session: bool.optional(),
  payment_behavior: z.enum(['allow_incomplete', 'default_incomplete', 'error_if_incomplete']).optional(),
  proration_behavior: proration.optional(),
  trial_end: text.optional(),
  trial_period_days: natural.optional(),
  trial_settings: trialSettings.optional(),
})

type Create = z.output<z.ZodObject<typeof create>>

/** The anchor that a subscription may begin with: between now and what would be its first period's end. */
export function checkAnchor(
  anchor: number | undefined,
  behavior: string | undefined,
  trialEnd: number | undefined,
  now: number,
) {
  if (anchor === undefined) return
  if (anchor <= now) throw invalid('billing_cycle_anchor must be in the future.', 'billing_cycle_anchor')
  if (trialEnd !== undefined) throw notHere('a billing_cycle_anchor together with a trial')
  if (behavior !== 'none')
    throw notHere('prorations: pass proration_behavior none with a billing_cycle_anchor')
}

function trialEndOf(params: Create, now: number): number | undefined {
  if (params.trial_period_days) return now + params.trial_period_days * day
  if (params.trial_end === undefined || params.trial_end === 'now') return undefined
  const end = Number(params.trial_end)
  if (!Number.isInteger(end))
    throw invalid(`Invalid integer: ${params.trial_end}`, 'trial_end', 'parameter_invalid_integer')
  if (end <= now)
    throw invalid('Invalid timestamp: must be an integer Unix timestamp in the future.', 'trial_end')
  return end
}

function subscribe(world: World, params: Create): Stripe.Subscription {
  const customer = world.tables.customers.get(params.customer, 'customer')
  const now = timeOf(world, customer).now()
  const trialEnd = trialEndOf(params, now)
  checkAnchor(params.billing_cycle_anchor, params.proration_behavior, trialEnd, now)
  const items = params.items.map((item, at) => ({
    price: world.tables.prices.get(item.price, `items[${at}][price]`),
    quantity: item.quantity ?? 1,
    metadata: changedMetadata({}, item.metadata),
  }))
  const method = params.default_payment_method
  if (method && world.tables.paymentMethods.get(method, 'default_payment_method').customer !== customer.id) {
    throw invalid(
      'The customer does not have a payment method with this ID.',
      'default_payment_method',
      'resource_missing',
    )
  }
  const sent = params.collection_method === 'send_invoice'
  const kept = method ?? idOf(customer.invoice_settings.default_payment_method)
  if (!kept && !trialEnd && !sent && params.payment_behavior !== 'default_incomplete') {
    throw invalid(
      'This customer has no attached payment source or default payment method. Please consider adding a default payment method.',
      undefined,
      'resource_missing',
    )
  }
  const facts: SubscriptionFacts = {
    customer,
    items,
    currency: params.currency ?? items[0]?.price.currency ?? 'eur',
    anchor: params.billing_cycle_anchor,
    trialEnd,
    automaticTax: params.automatic_tax?.enabled ?? false,
    collection: params.collection_method,
    daysUntilDue: params.days_until_due,
    method: method ?? null,
    metadata: changedMetadata({}, params.metadata),
    description: params.description ?? null,
    missingMethod: params.trial_settings?.end_behavior.missing_payment_method,
  }
  return begin(world, facts, params)
}

/** The first period: free in a trial and before an anchor, otherwise billed and charged at once. */
function begin(world: World, facts: SubscriptionFacts, params: Create): Stripe.Subscription {
  const made = newSubscription(world, facts)
  const trial = facts.trialEnd !== undefined
  // Before an anchor nothing is billed at all.
  const invoice = facts.anchor
    ? undefined
    : finalize(world, invoicePeriod(world, made, 'subscription_create', { trial, advances: false }))
  const waits = invoice?.status === 'open' && invoice.collection_method === 'charge_automatically'
  const subscription = world.tables.subscriptions.put({
    ...made,
    latest_invoice: invoice?.id ?? null,
    cancel_at_period_end: params.cancel_at_period_end ?? false,
    status: waits ? 'incomplete' : made.status,
  })
  emit(world, 'customer.subscription.created', subscription)
  plan(world, subscription)
  if (!waits) return subscription
  const time = timeOf(world, facts.customer)
  time.plan(`expire ${subscription.id}`, time.now() + 23 * 60 * 60, () => {
    const then = world.tables.subscriptions.get(subscription.id)
    if (then.status !== 'incomplete') return
    const open = world.tables.invoices.get(invoice.id)
    // Which ends the subscription too.
    if (open.status === 'open') endInvoice(world, open, 'void')
    else end(world, then, null)
  })
  if (params.payment_behavior === 'default_incomplete') return subscription
  collect(world, invoice, methodOf(world, subscription), { offSession: params.off_session ?? false })
  const intent = intentOf(world, invoice)
  if (params.payment_behavior === 'error_if_incomplete' && intent) assertNotDeclined(intent)
  return world.tables.subscriptions.get(subscription.id)
}

export const subscriptionRoutes = [
  route('POST', '/v1/subscriptions', create, ({ world, params }) => subscribe(world, params)),
  route(
    'DELETE',
    '/v1/subscriptions/:id',
    accepts<Stripe.SubscriptionCancelParams>()({
      cancellation_details: z.strictObject({ comment: clearable(text).optional() }).optional(),
      invoice_now: bool.optional(),
      prorate: bool.optional(),
    }),
    ({ world, params, ids }) => {
      const subscription = world.tables.subscriptions.get(ids.id)
      if (subscription.ended_at) throw invalid(`No such subscription: '${ids.id}'`, 'id', 'resource_missing')
      if (params.invoice_now || params.prorate) throw notHere('prorations when a subscription is cancelled')
      return end(world, subscription, 'cancellation_requested')
    },
  ),
  route(
    'POST',
    '/v1/subscriptions/:id/pause',
    accepts<Stripe.SubscriptionPauseParams>()({
      bill_for: z
        .strictObject({
          unused_time_from: z.strictObject({ type: z.enum(['none', 'now', 'item_current_period_start']) }),
        })
        .optional(),
      type: z.enum(['subscription']).optional(),
    }),
    ({ world, params, ids }) => {
      const subscription = world.tables.subscriptions.get(ids.id)
      if (params.bill_for?.unused_time_from.type !== 'none')
        throw notHere('credits for a pause: pass bill_for[unused_time_from][type]=none')
      if (subscription.status !== 'active' && subscription.status !== 'trialing')
        throw invalid(`A subscription that is ${subscription.status} cannot be paused.`)
      return pause(world, subscription, 'pause_requested')
    },
  ),
  route(
    'POST',
    '/v1/subscriptions/:id/resume',
    accepts<Stripe.SubscriptionResumeParams>()({
      billing_cycle_anchor: z.enum(['now']).optional(),
    }),
    ({ world, ids }) => resume(world, world.tables.subscriptions.get(ids.id)),
  ),
  route(
    'GET',
    '/v1/subscriptions',
    accepts<Stripe.SubscriptionListParams>()({
      ...pages,
      created: span.optional(),
      customer: text.optional(),
      price: text.optional(),
      status: z
        .enum([
          'active',
          'all',
          'canceled',
          'ended',
          'incomplete',
          'incomplete_expired',
          'past_due',
          'paused',
          'trialing',
          'unpaid',
        ])
        .optional(),
    }),
    ({ world, params }) => {
      const { created, customer, price, status } = params
      const shown = (one: Stripe.Subscription) =>
        status === undefined
          ? one.status !== 'canceled'
          : status === 'all' || (status === 'ended' ? one.ended_at !== null : one.status === status)
      const found = world.tables.subscriptions.all(
        (one) =>
          shown(one) &&
          within(one.created, created) &&
          (!customer || idOf(one.customer) === customer) &&
          (!price || one.items.data.some((item) => item.price.id === price)),
      )
      return pageOf(found, params, '/v1/subscriptions')
    },
  ),
  route('GET', '/v1/subscriptions/:id', {}, ({ world, ids }) => world.tables.subscriptions.get(ids.id)),
]

/** A new period begins at once, and is billed. */
function resume(world: World, paused: Stripe.Subscription): Stripe.Subscription {
  if (paused.status !== 'paused') throw invalid('You can only resume a subscription that is paused.')
  const now = timeOf(world, paused.customer).now()
  const restarted = restart(paused, now)
  const { status_details: _was, ...rest } = restarted
  const active = world.tables.subscriptions.put<Stripe.Subscription>({ ...rest, status: 'active' })
  const invoice = finalize(
    world,
    invoicePeriod(world, active, 'subscription_update', { trial: false, advances: false }),
  )
  const after = world.tables.subscriptions.put({ ...active, latest_invoice: invoice.id })
  emit(world, 'customer.subscription.updated', after, { status: paused.status })
  emit(world, 'customer.subscription.resumed', after)
  plan(world, after)
  if (invoice.status === 'open') collect(world, invoice, methodOf(world, after), { offSession: true })
  return world.tables.subscriptions.get(after.id)
}
