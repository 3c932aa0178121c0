import type Stripe from 'stripe'
import { invalid } from './failure'
import { newId } from './ids'
import { partOf } from './list'
import { periodEnd } from './periods'
import { blankSubscription, type ItemFacts, newSubscriptionItem } from './subscription-parts'
import { idOf } from './table'
import { timeOf, type World } from './world'

export interface SubscriptionFacts {
  customer: Stripe.Customer
  items: ItemFacts[]
  currency: string
  anchor?: number | undefined
  trialEnd?: number | undefined
  automaticTax: boolean
  collection?: 'charge_automatically' | 'send_invoice' | undefined
  daysUntilDue?: number | undefined
  method?: string | null | undefined
  metadata: Record<string, string>
  description?: string | null | undefined
  missingMethod?: 'cancel' | 'create_invoice' | 'pause' | undefined
}

/** @throws {import('./failure').Failure} when the items do not renew together. */
function intervalOf(items: ItemFacts[]): Stripe.Price.Recurring {
  const recurring = items[0]?.price.recurring
  if (!recurring) throw invalid('Subscriptions need at least one item with a recurring price.', 'items')
  if (
    items.some(
      ({ price }) =>
        price.recurring?.interval !== recurring.interval ||
        price.recurring?.interval_count !== recurring.interval_count,
    )
  ) {
    throw invalid('Currently, all prices of a subscription must have the same `recurring.interval`.', 'items')
  }
  return recurring
}

/** The subscription, and what it begins with: nothing of it is paid yet. */
export function newSubscription(world: World, facts: SubscriptionFacts): Stripe.Subscription {
  const { customer, trialEnd } = facts
  const recurring = intervalOf(facts.items)
  const time = timeOf(world, customer)
  const now = time.now()
  const anchor = trialEnd ?? facts.anchor ?? now
  const period = { start: now, end: trialEnd ?? facts.anchor ?? periodEnd(now, now, recurring) }
  const id = newId('sub')
  const items = facts.items.map((item) => newSubscriptionItem(id, item, period, now))
  const subscription: Stripe.Subscription = {
    ...blankSubscription,
    id,
    automatic_tax: {
      disabled_reason: null,
      enabled: facts.automaticTax,
      liability: facts.automaticTax ? { type: 'self' } : null,
    },
    billing_cycle_anchor: anchor,
    collection_method: facts.collection ?? 'charge_automatically',
    created: now,
    currency: facts.currency,
    customer: customer.id,
    days_until_due: facts.daysUntilDue ?? null,
    default_payment_method: facts.method ?? null,
    description: facts.description ?? null,
    items: partOf(items, `/v1/subscription_items?subscription=${id}`),
    metadata: facts.metadata,
    start_date: now,
    status: trialEnd ? 'trialing' : 'active',
    test_clock: idOf(customer.test_clock),
    trial_end: trialEnd ?? null,
    trial_settings: {
      end_behavior: {
        billing_cycle_anchor: null,
        missing_payment_method: facts.missingMethod ?? 'create_invoice',
      },
    },
    trial_start: trialEnd ? now : null,
  }
  world.tables.subscriptions.put(subscription)
  return subscription
}
