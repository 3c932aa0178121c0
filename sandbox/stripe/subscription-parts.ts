import type Stripe from 'stripe'
import { newId } from './ids'
import { productName } from './invoice-items'
import type { LineFacts } from './invoice-parts'
import { priceIn } from './line-prices'
import { spoken } from './periods'
import { idOf } from './table'
import { type TaxRule, taxed } from './tax'
import type { World } from './world'

export interface ItemFacts {
  price: Stripe.Price
  quantity: number
  metadata: Record<string, string>
}

export interface Period {
  start: number
  end: number
}

export function newSubscriptionItem(
  subscription: string,
  facts: ItemFacts,
  period: Period,
  created: number,
): Stripe.SubscriptionItem {
  const { price } = facts
  return {
    id: newId('si', 14),
    object: 'subscription_item',
    billing_thresholds: null,
    created,
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata: facts.metadata,
    plan: planOf(price),
    price,
    quantity: facts.quantity,
    subscription,
    tax_rates: [],
  }
}

/** A price in the words of before prices; the API still shows it. */
const planOf = (price: Stripe.Price): Stripe.Plan => ({
  id: price.id,
  object: 'plan',
  active: price.active,
  amount: price.unit_amount,
  amount_decimal: price.unit_amount_decimal,
  billing_scheme: price.billing_scheme,
  created: price.created,
  currency: price.currency,
  interval: price.recurring?.interval ?? 'year',
  interval_count: price.recurring?.interval_count ?? 1,
  livemode: false,
  metadata: price.metadata,
  meter: null,
  nickname: price.nickname,
  product: idOf(price.product),
  tiers_mode: null,
  transform_usage: null,
  trial_period_days: null,
  usage_type: 'licensed',
})

/** What a period costs, one line for each item; a trial costs nothing. */
export function subscriptionLines(
  world: World,
  subscription: Stripe.Subscription,
  period: Period,
  rule: TaxRule | undefined,
  trial: boolean,
): LineFacts[] {
  return subscription.items.data.map((item) => {
    const { price, quantity = 1 } = item
    const { unitAmount, taxBehavior } = priceIn(world, price, subscription.currency)
    const name = productName(world, price)
    const each = `${spoken(unitAmount, subscription.currency)} / ${price.recurring?.interval}`
    return {
      description: trial ? `Trial period for ${name}` : `${quantity} × ${name} (at ${each})`,
      quantity,
      price,
      currency: subscription.currency,
      taxed: taxed(trial ? 0 : unitAmount * quantity, taxBehavior, rule),
      period,
      metadata: subscription.metadata,
      parent: {
        type: 'subscription_item_details',
        invoice_item_details: null,
        subscription_item_details: {
          invoice_item: null,
          proration: false,
          proration_details: null,
          subscription: subscription.id,
          subscription_item: item.id,
        },
      },
      subscription: subscription.id,
    }
  })
}

/** Of what Stripe does and nobody here asks for. */
export const blankSubscription = {
  object: 'subscription' as const,
  application: null,
  application_fee_percent: null,
  billing_cycle_anchor_config: null,
  billing_mode: { type: 'flexible' as const, flexible: { proration_discounts: 'included' as const } },
  billing_schedules: [],
  billing_thresholds: null,
  cancel_at: null,
  cancel_at_period_end: false,
  canceled_at: null,
  cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
  customer_account: null,
  default_source: null,
  default_tax_rates: [],
  discounts: [],
  ended_at: null,
  invoice_settings: {
    account_tax_ids: null,
    custom_fields: null,
    description: null,
    footer: null,
    issuer: { type: 'self' as const },
  },
  latest_invoice: null,
  livemode: false,
  managed_payments: null,
  next_pending_invoice_item_invoice: null,
  on_behalf_of: null,
  pause_collection: null,
  payment_settings: {
    payment_method_options: null,
    payment_method_types: null,
    save_default_payment_method: 'off' as const,
  },
  pending_invoice_item_interval: null,
  pending_setup_intent: null,
  pending_update: null,
  schedule: null,
  transfer_data: null,
} satisfies Partial<Stripe.Subscription>
