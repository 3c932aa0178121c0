import Stripe from 'stripe'
import { newId } from './ids'
import type { Taxed } from './tax'

/** What a line of an invoice is made of. */
export interface LineFacts {
  description: string
  quantity: number
  price: Stripe.Price | null
  currency: string
  taxed: Taxed
  period: Stripe.InvoiceLineItem.Period
  metadata: Record<string, string>
  parent: Stripe.InvoiceLineItem.Parent | null
  subscription: string | null
}

export function newLine(invoice: string, facts: LineFacts): Stripe.InvoiceLineItem {
  const { taxed, price, quantity } = facts
  const { rule } = taxed
  const unit = price?.unit_amount ?? Math.trunc(taxed.subtotal / Math.max(quantity, 1))
  return {
    id: newId('il'),
    object: 'line_item',
    amount: taxed.subtotal,
    currency: facts.currency,
    description: facts.description,
    discount_amounts: [],
    discountable: true,
    discounts: [],
    invoice,
    livemode: false,
    metadata: facts.metadata,
    parent: facts.parent,
    period: facts.period,
    pretax_credit_amounts: [],
    pricing: {
      type: 'price_details',
      ...(price ? { price_details: { price: price.id, product: String(price.product) } } : {}),
      unit_amount_decimal: Stripe.Decimal.from(String(unit)),
    },
    quantity,
    quantity_decimal: Stripe.Decimal.from(String(quantity)),
    subscription: facts.subscription,
    subtotal: taxed.subtotal,
    taxes: rule
      ? [
          {
            amount: taxed.tax,
            tax_behavior: rule.behavior,
            tax_rate_details: { tax_rate: rule.rate },
            taxability_reason: rule.reason,
            taxable_amount: rule.taxable,
            type: 'tax_rate_details',
          },
        ]
      : [],
  }
}

/** What the lines come to. */
export function totalsOf(lines: readonly Stripe.InvoiceLineItem[]) {
  const sum = (of: (line: Stripe.InvoiceLineItem) => number) =>
    lines.reduce((total, line) => total + of(line), 0)
  const taxOf = (line: Stripe.InvoiceLineItem, behavior?: string) =>
    (line.taxes ?? []).reduce(
      (total, tax) => total + (!behavior || tax.tax_behavior === behavior ? tax.amount : 0),
      0,
    )
  const subtotal = sum((line) => line.amount)
  const total = subtotal + sum((line) => taxOf(line, 'exclusive'))
  return {
    subtotal,
    total,
    subtotal_excluding_tax: subtotal - sum((line) => taxOf(line, 'inclusive')),
    total_excluding_tax: total - sum((line) => taxOf(line)),
    total_taxes: together(lines),
  }
}

/** One entry for each rate, way and reason. */
function together(lines: readonly Stripe.InvoiceLineItem[]): Stripe.Invoice.TotalTax[] {
  const taxes = new Map<string, Stripe.Invoice.TotalTax>()
  for (const tax of lines.flatMap((line) => line.taxes ?? [])) {
    const key = [tax.tax_rate_details?.tax_rate, tax.tax_behavior, tax.taxability_reason].join()
    const before = taxes.get(key)
    taxes.set(key, {
      ...tax,
      amount: (before?.amount ?? 0) + tax.amount,
      taxable_amount: (before?.taxable_amount ?? 0) + (tax.taxable_amount ?? 0),
    })
  }
  return [...taxes.values()]
}
