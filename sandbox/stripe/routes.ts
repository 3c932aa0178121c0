import type Stripe from 'stripe'
import { chargeRoutes } from './charges'
import { customerRoutes } from './customers'
import { deleteCustomerRoutes } from './delete-customer'
import { disputeRoutes } from './disputes'
import { eventRoutes } from './events'
import type { Included, Whole } from './expand'
import { partOf } from './list'
import { paymentIntentRoutes } from './payment-intents'
import { paymentMethodRoutes } from './payment-methods'
import { priceRoutes } from './prices'
import { productRoutes } from './products'
import { refundRoutes, refundsOf } from './refunds'
import { setupIntentRoutes } from './setup-intents'
import { taxIdRoutes, taxIdsOf } from './tax-ids'

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
  },
  charge: {
    refunds: (world, id): Stripe.Charge['refunds'] =>
      partOf(refundsOf(world, id), `/v1/charges/${id}/refunds`),
  },
  price: {
    currency_options: (world, id): Stripe.Price['currency_options'] =>
      world.tables.currencyOptions.get(id).options,
  },
}

export const find = { whole, included }
