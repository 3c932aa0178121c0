import type Stripe from 'stripe'
import { z } from 'zod'
import { checkoutLines } from './checkout-lines'
import { invalid } from './failure'
import { accepts, bool, clearable, currency, integer, metadata, natural, text } from './params'
import { checkAnchor } from './subscriptions'

const auto = z.enum(['auto', 'never'])
const custom = z.array(z.strictObject({ name: text, value: text })).max(4)
const trialSettings = z.strictObject({
  end_behavior: z.strictObject({ missing_payment_method: z.enum(['cancel', 'create_invoice', 'pause']) }),
})

export const checkoutParams = accepts<Stripe.Checkout.SessionCreateParams>()({
  allowed_payment_method_types: z.array(z.enum(['card', 'sepa_debit'])).optional(),
  automatic_tax: z.strictObject({ enabled: bool }).optional(),
  billing_address_collection: z.enum(['auto', 'required']).optional(),
  cancel_url: text.optional(),
  client_reference_id: text.max(200).optional(),
  currency: currency.optional(),
  customer: text.optional(),
  customer_creation: z.enum(['always', 'if_required']).optional(),
  customer_email: text.optional(),
  customer_update: z.strictObject({ address: auto.optional(), name: auto.optional() }).optional(),
  expires_at: integer.optional(),
  invoice_creation: z
    .strictObject({
      enabled: bool,
      invoice_data: z
        .strictObject({
          custom_fields: clearable(custom).optional(),
          description: text.optional(),
          footer: text.optional(),
          metadata: metadata.optional(),
        })
        .optional(),
    })
    .optional(),
  line_items: checkoutLines.optional(),
  locale: text.optional(),
  metadata: metadata.optional(),
  mode: z.enum(['payment', 'setup', 'subscription']),
  payment_intent_data: z
    .strictObject({
      description: text.optional(),
      metadata: metadata.optional(),
      receipt_email: text.optional(),
      setup_future_usage: z.enum(['off_session', 'on_session']).optional(),
    })
    .optional(),
  payment_method_collection: z.enum(['always', 'if_required']).optional(),
  setup_intent_data: z
    .strictObject({ description: text.optional(), metadata: metadata.optional() })
    .optional(),
  submit_type: z.enum(['auto', 'pay', 'book', 'donate', 'subscribe']).optional(),
  subscription_data: z
    .strictObject({
      billing_cycle_anchor: integer.optional(),
      description: text.optional(),
      metadata: metadata.optional(),
      proration_behavior: z.enum(['none', 'create_prorations']).optional(),
      trial_end: integer.optional(),
      trial_period_days: natural.optional(),
      trial_settings: trialSettings.optional(),
    })
    .optional(),
  success_url: text,
  tax_id_collection: z
    .strictObject({ enabled: bool, required: z.enum(['if_supported', 'never']).optional() })
    .optional(),
  ui_mode: z.enum(['hosted_page']).optional(),
})

export type CheckoutParams = z.output<z.ZodObject<typeof checkoutParams>>

const minute = 60
const hour = 60 * minute
/** How long a Checkout is open, unless it is said. */
export const day = 24 * hour

/** @throws {import('./failure').Failure} where the parameters contradict each other, as Stripe refuses them. */
export function check(params: CheckoutParams, customer: Stripe.Customer | undefined, now: number) {
  const {
    mode,
    line_items: lines = [],
    expires_at: expires,
    subscription_data: data,
    customer_update: updates,
  } = params
  if (mode !== 'setup' && lines.length === 0)
    throw invalid('Missing required param: line_items.', 'line_items', 'parameter_missing')
  if (mode === 'setup' && lines.length > 0)
    throw invalid('You can not pass `line_items` in `setup` mode.', 'line_items')
  if (params.customer && params.customer_email)
    throw invalid('You may only specify one of these parameters: customer, customer_email.')
  if (updates && !customer)
    throw invalid('`customer_update` can only be used with `customer`.', 'customer_update')
  if (params.invoice_creation && mode !== 'payment')
    throw invalid('You can only enable invoice creation in `payment` mode.', 'invoice_creation')
  if (params.payment_intent_data && mode !== 'payment')
    throw invalid('You can not pass `payment_intent_data` in this mode.', 'payment_intent_data')
  if (data && mode !== 'subscription')
    throw invalid('You can not pass `subscription_data` in this mode.', 'subscription_data')
  if (expires !== undefined && (expires < now + 30 * minute || expires > now + day)) {
    throw invalid(
      'The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout Session creation.',
      'expires_at',
    )
  }
  checkTax(params, customer)
  if (data?.trial_end !== undefined && data.trial_end < now + 2 * day) {
    throw invalid(
      'The `trial_end` date has to be at least 2 days in the future.',
      'subscription_data[trial_end]',
    )
  }
  checkAnchor(data?.billing_cycle_anchor, data?.proration_behavior, data?.trial_end, now)
}

function checkTax(params: CheckoutParams, customer: Stripe.Customer | undefined) {
  const { customer_update: updates } = params
  if (
    params.automatic_tax?.enabled &&
    customer &&
    !customer.address?.country &&
    updates?.address !== 'auto'
  ) {
    throw invalid(
      "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' to save the address entered in Checkout to the Customer.",
      'automatic_tax',
      'customer_tax_location_invalid',
    )
  }
  if (params.tax_id_collection?.enabled && customer && updates?.name !== 'auto') {
    throw invalid(
      'Tax ID collection requires updating business name on the customer. To enable tax ID collection for an existing customer, please set `customer_update[name]` to `auto`.',
      'tax_id_collection',
    )
  }
}
