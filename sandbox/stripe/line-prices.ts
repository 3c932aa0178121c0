import type Stripe from 'stripe'
import { invalid } from './failure'
import type { World } from './world'

/**
 * What a price costs in a currency.
 * @throws {import('./failure').Failure} when it has none in that currency
 */
export function priceIn(world: World, price: Stripe.Price, code: string) {
  const option = world.tables.currencyOptions.get(price.id).options[code]
  if (!option) {
    throw invalid(
      `The price specified only supports \`${price.currency}\`. This doesn't match the expected currency: \`${code}\`.`,
    )
  }
  return { unitAmount: option.unit_amount ?? 0, taxBehavior: option.tax_behavior ?? 'unspecified' }
}
