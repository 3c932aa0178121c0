import type Stripe from 'stripe'
import { z } from 'zod'
import { invalid, notHere } from './failure'
import { newId } from './ids'
import { productName } from './invoice-items'
import type { LineFacts } from './invoice-parts'
import { priceData, priceIn, priceOfData } from './line-prices'
import { bool, changedMetadata, integer, metadata, text } from './params'
import { type TaxRule, taxed } from './tax'
import type { World } from './world'

/** What a Checkout is told of its lines. */
export const checkoutLines = z
  .array(
    z.strictObject({
      adjustable_quantity: z
        .strictObject({ enabled: bool, maximum: integer.optional(), minimum: integer.optional() })
        .optional(),
      metadata: metadata.optional(),
      price: text.optional(),
      price_data: priceData.optional(),
      quantity: integer.refine((quantity) => quantity >= 1).optional(),
    }),
  )
  .max(100)

type Given = z.output<typeof checkoutLines>

/** A line before tax is known. */
export interface CheckoutLine {
  id: string
  price: Stripe.Price
  quantity: number
  unitAmount: number
  behavior: string
  description: string
  metadata: Record<string, string>
}

/** @throws {import('./failure').Failure} when a price does not fit the mode or the currency. */
export function linesFrom(
  world: World,
  given: Given,
  mode: string,
  code: string | undefined,
): { lines: CheckoutLine[]; currency: string } {
  const prices = given.map(({ price, price_data: data }, at) => {
    if (price) return world.tables.prices.get(price, `line_items[${at}][price]`)
    if (!data)
      throw invalid(
        `Missing required param: line_items[${at}][price].`,
        `line_items[${at}][price]`,
        'parameter_missing',
      )
    return priceOfData(world, data)
  })
  const currency = code ?? prices[0]?.currency ?? 'eur'
  const lines = prices.map((price, at) => {
    const { quantity, metadata: more, price_data: data, adjustable_quantity: adjustable } = given[at] ?? {}
    if (adjustable?.enabled) throw notHere('quantities that are adjusted on the page')
    if (!price.active && !data)
      throw invalid(
        'The price specified is inactive. This field only accepts active prices.',
        `line_items[${at}][price]`,
      )
    assertFits(price, mode)
    if (quantity === undefined) {
      throw invalid(
        'Quantity is required. Add `quantity` to `line_items`.',
        `line_items[${at}][quantity]`,
        'parameter_missing',
      )
    }
    const { unitAmount, taxBehavior } = priceIn(world, price, currency)
    return {
      id: newId('li'),
      price,
      quantity,
      unitAmount,
      behavior: taxBehavior,
      description: data?.product_data?.description ?? productName(world, price),
      metadata: changedMetadata({}, more),
    }
  })
  return { lines, currency }
}

function assertFits(price: Stripe.Price, mode: string) {
  if (mode === 'payment' && price.recurring) {
    throw invalid(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
      'mode',
    )
  }
  if (mode === 'subscription' && !price.recurring)
    throw notHere('one-off prices in a Checkout of subscription mode')
}

export function lineItem(line: CheckoutLine, currency: string, rule: TaxRule | undefined): Stripe.LineItem {
  const { subtotal, tax, total } = taxed(line.unitAmount * line.quantity, line.behavior, rule)
  return {
    id: line.id,
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: subtotal,
    amount_tax: tax,
    amount_total: total,
    currency,
    description: line.description,
    metadata: line.metadata,
    price: line.price,
    quantity: line.quantity,
  }
}

/** What the lines come to. */
export function sessionTotals(lines: CheckoutLine[], currency: string, rule: TaxRule | undefined) {
  const items = lines.map((line) => lineItem(line, currency, rule))
  const sum = (of: (item: Stripe.LineItem) => number) => items.reduce((total, item) => total + of(item), 0)
  return {
    amount_subtotal: sum((item) => item.amount_subtotal),
    amount_total: sum((item) => item.amount_total),
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: sum((item) => item.amount_tax) },
  }
}

/** The lines of the invoice that a paid Checkout leaves behind. */
export const invoiceLines = (
  lines: CheckoutLine[],
  currency: string,
  rule: TaxRule | undefined,
  now: number,
): LineFacts[] =>
  lines.map((line) => ({
    description: line.description,
    quantity: line.quantity,
    price: line.price,
    currency,
    taxed: taxed(line.unitAmount * line.quantity, line.behavior, rule),
    period: { start: now, end: now },
    metadata: line.metadata,
    parent: {
      type: 'invoice_item_details',
      invoice_item_details: {
        invoice_item: newId('ii'),
        proration: false,
        proration_details: null,
        subscription: null,
      },
      subscription_item_details: null,
    },
    subscription: null,
  }))
