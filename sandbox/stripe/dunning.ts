import type Stripe from 'stripe'
import { collect } from './billing'
import { change } from './events'
import { end, methodOf } from './subscribing'
import { idOf } from './table'
import { timeOf, type World } from './world'

const day = 24 * 60 * 60

/** What an invoice's end means for the subscription that it bills. */
export function afterInvoice(world: World, invoice: Stripe.Invoice, what: string) {
  const subscription = world.tables.subscriptions.find(
    idOf(invoice.parent?.subscription_details?.subscription) ?? '',
  )
  if (!subscription || subscription.ended_at) return
  const expires = what === 'voided' && subscription.status === 'incomplete'
  if (what === 'failed') unpaid(world, subscription, invoice)
  if (what === 'overdue') late(world, subscription)
  if (expires) end(world, subscription, null)
  const settled = !expires && (what === 'paid' || what === 'voided' || what === 'uncollectible')
  if (
    settled &&
    subscription.latest_invoice === invoice.id &&
    ['past_due', 'incomplete', 'unpaid'].includes(subscription.status)
  ) {
    timeOf(world, subscription.customer).drop(`expire ${subscription.id}`)
    change(world, 'customer.subscription.updated', world.tables.subscriptions, subscription, {
      status: 'active',
    })
  }
}

const late = (world: World, subscription: Stripe.Subscription) =>
  change(world, 'customer.subscription.updated', world.tables.subscriptions, subscription, {
    status: 'past_due',
  })

/** Stripe tries again, a few times; then it gives the subscription up. */
function unpaid(world: World, subscription: Stripe.Subscription, invoice: Stripe.Invoice) {
  if (invoice.billing_reason === 'subscription_create' || invoice.collection_method === 'send_invoice') return
  const time = timeOf(world, subscription.customer)
  const days = world.settings.retryAfterDays[invoice.attempt_count - 1]
  const behind = late(world, subscription)
  if (days === undefined) {
    world.tables.invoices.put({ ...invoice, next_payment_attempt: null, auto_advance: false })
    end(world, behind, 'payment_failed')
    return
  }
  const next = time.now() + days * day
  world.tables.invoices.put({ ...invoice, next_payment_attempt: next })
  time.plan(`retry ${invoice.id}`, next, () => {
    const open = world.tables.invoices.get(invoice.id)
    const then = world.tables.subscriptions.get(subscription.id)
    if (open.status === 'open') collect(world, open, methodOf(world, then), { offSession: true, retry: true })
  })
}
