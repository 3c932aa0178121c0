import type Stripe from 'stripe'
import { z } from 'zod'
import { invalid } from './failure'
import { currency, metadata, text } from './params'
import { amount, dataOf, newPrice, recurring, taxBehavior } from './prices'
import { newProduct } from './products'
import type { World } from './world'

/** A price inside a Checkout line or an invoice item, without a price object of its own. */
export const priceData = z.strictObject({
  currency,
  product: text.optional(),
  product_data: z
    .strictObject({
      name: text,
      description: text.optional(),
      metadata: metadata.optional(),
      tax_code: text.optional(),
    })
    .optional(),
  recurring: recurring.optional(),
  tax_behavior: taxBehavior.optional(),
  unit_amount: amount,
})

/** The price of a line that brings its own. It is inactive: nothing else can use it. */
export function priceOfData(world: World, data: z.output<typeof priceData>): Stripe.Price {
  const product = data.product
    ? world.tables.products.get(data.product, 'product').id
    : newProduct(world, { ...dataOf(data.product_data), active: false }).id
  return newPrice(world, product, { ...data, active: false })
}

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
