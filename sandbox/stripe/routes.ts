import type Stripe from 'stripe'
import { intentOf, paymentsOf } from './billing'
import { chargeRoutes } from './charges'
import { checkoutRoutes, lineItemsOf } from './checkout'
import { creditNoteRoutes } from './credit-notes'
import { customerRoutes } from './customers'
import { deleteCustomerRoutes } from './delete-customer'
import { disputeRoutes } from './disputes'
import { eventRoutes } from './events'
import type { Included, Whole } from './expand'
import { invoiceItemRoutes } from './invoice-items'
import { invoiceLineRoutes } from './invoice-lines'
import { previewRoutes } from './invoice-previews'
import { invoiceRoutes } from './invoices'
import { partOf } from './list'
import { paymentIntentRoutes } from './payment-intents'
import { paymentMethodRoutes } from './payment-methods'
import { portalRoutes } from './portal'
import { priceRoutes } from './prices'
import { productRoutes } from './products'
import { refundRoutes, refundsOf } from './refunds'
import { setupIntentRoutes } from './setup-intents'
import { subscriptionChangeRoutes } from './subscription-changes'
import { subscriptionRoutes } from './subscriptions'
import { taxIdRoutes, taxIdsOf } from './tax-ids'
import { testClockRoutes } from './test-clocks'
import { webhookEndpointRoutes } from './webhook-endpoints'

export const routes = [
  ...customerRoutes,
  ...deleteCustomerRoutes,
  ...taxIdRoutes,
  ...productRoutes,
  ...priceRoutes,
  ...paymentMethodRoutes,
  ...paymentIntentRoutes,
  ...setupIntentRoutes,
  ...chargeRoutes,
  ...refundRoutes,
  ...disputeRoutes,
  ...invoiceItemRoutes,
  // Before the invoices, whose paths have an ID where this one has a word.
  ...previewRoutes,
  ...invoiceLineRoutes,
  ...invoiceRoutes,
  ...creditNoteRoutes,
  ...subscriptionRoutes,
  ...subscriptionChangeRoutes,
  ...checkoutRoutes,
  ...portalRoutes,
  ...testClockRoutes,
  ...webhookEndpointRoutes,
  ...eventRoutes,
]

const whole: Whole = (world, id) => {
  for (const table of Object.values(world.tables)) {
    const found = table.find(id)
    if (found && 'object' in found) return found
  }
  return undefined
}

/** What is not there unless it is asked for. */
const included: Included = {
  customer: {
    tax_ids: (world, id): Stripe.Customer['tax_ids'] =>
      partOf(taxIdsOf(world, id), `/v1/customers/${id}/tax_ids`),
    subscriptions: (world, id): Stripe.Customer['subscriptions'] =>
      partOf(
        world.tables.subscriptions.all((one) => one.customer === id && one.ended_at === null),
        `/v1/customers/${id}/subscriptions`,
      ),
  },
  charge: {
    refunds: (world, id): Stripe.Charge['refunds'] =>
      partOf(refundsOf(world, id), `/v1/charges/${id}/refunds`),
  },
  invoice: {
    payments: (world, id): Stripe.Invoice['payments'] =>
      partOf(paymentsOf(world, id), `/v1/invoices/${id}/payments`),
    confirmation_secret: (world, id): Stripe.Invoice['confirmation_secret'] => {
      const secret = intentOf(world, world.tables.invoices.get(id))?.client_secret
      return secret ? { client_secret: secret, type: 'payment_intent' } : null
    },
  },
  'checkout.session': {
    line_items: (world, id): Stripe.Checkout.Session['line_items'] =>
      partOf(lineItemsOf(world, id), `/v1/checkout/sessions/${id}/line_items`),
  },
  price: {
    currency_options: (world, id): Stripe.Price['currency_options'] =>
      world.tables.currencyOptions.get(id).options,
  },
}

export const find = { whole, included }
