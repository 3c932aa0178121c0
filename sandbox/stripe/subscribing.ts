import type Stripe from 'stripe'
import { advance, endInvoice, finalize } from './billing'
import { newInvoice } from './drafts'
import { emit } from './events'
import { invalid } from './failure'
import { periodEnd } from './periods'
import { blankSubscription, type Period, subscriptionLines } from './subscription-parts'
import { idOf } from './table'
import { taxRuleOf } from './tax'
import { timeOf, type World } from './world'

const day = 24 * 60 * 60

export const periodOf = (subscription: Stripe.Subscription): Period => {
  const [item] = subscription.items.data
  return { start: item?.current_period_start ?? 0, end: item?.current_period_end ?? 0 }
}

/** Plans what comes by itself: the next period, and a word three days before a trial ends. */
export function plan(world: World, subscription: Stripe.Subscription) {
  const { id, trial_end: trialEnd } = subscription
  const time = timeOf(world, subscription.customer)
  time.plan(`cycle ${id}`, periodOf(subscription).end, () => cycle(world, id))
  if (subscription.status === 'trialing' && trialEnd) {
    time.plan(`trial ${id}`, Math.max(trialEnd - 3 * day, time.now()), () => {
      const then = world.tables.subscriptions.get(id)
      if (then.status === 'trialing') emit(world, 'customer.subscription.trial_will_end', then)
    })
  }
}

type Reason = 'subscription_create' | 'subscription_cycle' | 'subscription_update'

/** The bill for a period. @param advances it is finalized and charged by itself, an hour later */
export function invoicePeriod(
  world: World,
  subscription: Stripe.Subscription,
  reason: Reason,
  options: { trial: boolean; advances: boolean },
): Stripe.Invoice {
  const customer = world.tables.customers.get(idOf(subscription.customer))
  const period = periodOf(subscription)
  const taxes = subscription.automatic_tax.enabled
  const sent = subscription.collection_method === 'send_invoice'
  const due = timeOf(world, customer).now() + (subscription.days_until_due ?? 30) * day
  return newInvoice(world, {
    customer,
    currency: subscription.currency,
    lines: subscriptionLines(
      world,
      subscription,
      period,
      taxes ? taxRuleOf(world, customer) : undefined,
      options.trial,
    ),
    reason,
    automaticTax: taxes,
    collection: sent ? 'send_invoice' : 'charge_automatically',
    dueDate: sent ? due : null,
    subscription,
    // The period that an invoice names is the one that ended; its lines name what they are for.
    period:
      reason === 'subscription_cycle'
        ? { start: period.start - (period.end - period.start), end: period.start }
        : period,
    ...(options.advances ? { advance: (id: string) => advance(world, id) } : {}),
  })
}

/** A period has ended: the next one begins, with its bill, or the subscription ends. */
function cycle(world: World, id: string) {
  const before = world.tables.subscriptions.get(id)
  if (['canceled', 'paused', 'incomplete', 'incomplete_expired'].includes(before.status)) return
  if (before.cancel_at_period_end) return end(world, before, 'cancellation_requested')
  const trialEnds = before.status === 'trialing'
  if (trialEnds && !methodOf(world, before)) {
    const then = before.trial_settings?.end_behavior.missing_payment_method
    if (then === 'cancel') return end(world, before, null)
    if (then === 'pause') return pause(world, before, 'trial_end_without_payment_method')
  }
  const next = withPeriod(before, nextPeriod(before))
  world.tables.subscriptions.put({ ...next, status: trialEnds ? 'active' : before.status })
  const collects = !before.pause_collection
  const invoice = invoicePeriod(world, next, 'subscription_cycle', { trial: false, advances: collects })
  renewed(world, before, invoice, trialEnds)
  if (before.pause_collection) withoutCollection(world, invoice, String(before.pause_collection.behavior))
}

function renewed(world: World, before: Stripe.Subscription, invoice: Stripe.Invoice, trialEnds: boolean) {
  const after = world.tables.subscriptions.put({
    ...world.tables.subscriptions.get(before.id),
    latest_invoice: invoice.id,
  })
  emit(world, 'customer.subscription.updated', after, {
    items: before.items,
    latest_invoice: before.latest_invoice,
    ...(trialEnds ? { status: before.status } : {}),
  })
  plan(world, after)
}

function withoutCollection(world: World, invoice: Stripe.Invoice, behavior: string) {
  if (behavior === 'keep_as_draft') return
  const open = finalize(world, invoice)
  if (open.status === 'open')
    endInvoice(world, open, behavior === 'void' ? 'void' : 'uncollectible', 'subscription_paused')
}

/** The period after the one that runs. */
export function nextPeriod(subscription: Stripe.Subscription): Period {
  const { end: start } = periodOf(subscription)
  const recurring = subscription.items.data[0]?.price.recurring
  if (!recurring) throw invalid('This subscription has no recurring price.')
  return { start, end: periodEnd(subscription.billing_cycle_anchor, start, recurring) }
}

/** The subscription with a period that begins at `start`, counted from a new anchor. */
export function restart(subscription: Stripe.Subscription, start: number): Stripe.Subscription {
  const recurring = subscription.items.data[0]?.price.recurring
  if (!recurring) throw invalid('This subscription has no recurring price.')
  const period = { start, end: periodEnd(start, start, recurring) }
  return withPeriod({ ...subscription, billing_cycle_anchor: start }, period)
}

export const withPeriod = (subscription: Stripe.Subscription, period: Period): Stripe.Subscription => ({
  ...subscription,
  items: {
    ...subscription.items,
    data: subscription.items.data.map((item) => ({
      ...item,
      current_period_start: period.start,
      current_period_end: period.end,
    })),
  },
})

export function methodOf(world: World, subscription: Stripe.Subscription): Stripe.PaymentMethod | undefined {
  const customer = world.tables.customers.find(idOf(subscription.customer))
  const id =
    idOf(subscription.default_payment_method) ?? idOf(customer?.invoice_settings.default_payment_method)
  return id ? world.tables.paymentMethods.find(id) : undefined
}

/** Ends it now. What was billed and not paid stays open, and is no longer tried. */
export function end(
  world: World,
  subscription: Stripe.Subscription,
  reason: string | null,
): Stripe.Subscription {
  const time = timeOf(world, subscription.customer)
  for (const what of ['cycle', 'trial', 'cancel', 'expire']) time.drop(`${what} ${subscription.id}`)
  const latest = world.tables.invoices.find(idOf(subscription.latest_invoice) ?? '')
  if (latest && (latest.status === 'open' || latest.status === 'draft')) {
    time.drop(`retry ${latest.id}`)
    time.drop(`finalize ${latest.id}`)
    world.tables.invoices.put({
      ...latest,
      auto_advance: false,
      next_payment_attempt: null,
      automatically_finalizes_at: null,
    })
  }
  const expires = subscription.status === 'incomplete'
  const details = subscription.cancellation_details ?? blankSubscription.cancellation_details
  const ended = world.tables.subscriptions.put({
    ...subscription,
    status: expires ? 'incomplete_expired' : 'canceled',
    canceled_at: subscription.canceled_at ?? time.now(),
    cancellation_details: { ...details, reason: reason ?? details.reason },
    ended_at: time.now(),
  })
  if (expires) emit(world, 'customer.subscription.updated', ended, { status: subscription.status })
  else emit(world, 'customer.subscription.deleted', ended)
  return ended
}

type PauseReason = 'trial_end_without_payment_method' | 'pause_requested'

export function pause(
  world: World,
  subscription: Stripe.Subscription,
  reason: PauseReason,
): Stripe.Subscription {
  const time = timeOf(world, subscription.customer)
  for (const what of ['cycle', 'trial']) time.drop(`${what} ${subscription.id}`)
  const paused = world.tables.subscriptions.put({
    ...subscription,
    status: 'paused',
    status_details: {
      paused: { subscription: { type: reason }, transitioned_at: time.now(), type: 'subscription' },
    },
  })
  emit(world, 'customer.subscription.updated', paused, { status: subscription.status })
  emit(world, 'customer.subscription.paused', paused)
  return paused
}
