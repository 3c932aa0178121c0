import type Stripe from 'stripe'
import { z } from 'zod'
import { addressOf } from './customers'
import { draftOf } from './drafts'
import { Failure, invalid, notHere } from './failure'
import { newId } from './ids'
import { productName } from './invoice-items'
import type { LineFacts } from './invoice-parts'
import { priceIn } from './line-prices'
import { accepts, address, bool, changedMetadata, currency, integer, metadata, natural, text } from './params'
import { route } from './route'
import { nextPeriod, withPeriod } from './subscribing'
import { subscriptionLines } from './subscription-parts'
import { idOf } from './table'
import { type TaxRule, taxed, taxRule, taxRuleOf } from './tax'
import { taxIdType } from './tax-ids'
import { timeOf, type World } from './world'

const preview = accepts<Stripe.InvoiceCreatePreviewParams>()({
  automatic_tax: z.strictObject({ enabled: bool }).optional(),
  currency: currency.optional(),
  customer: text.optional(),
  customer_details: z
    .strictObject({
      address: address.optional(),
      tax_exempt: z.enum(['none', 'exempt', 'reverse']).optional(),
      tax_ids: z.array(z.strictObject({ type: taxIdType, value: text })).optional(),
    })
    .optional(),
  invoice_items: z
    .array(
      z.strictObject({
        description: text.optional(),
        metadata: metadata.optional(),
        period: z.strictObject({ start: integer, end: integer }).optional(),
        price: text,
        quantity: natural.optional(),
      }),
    )
    .optional(),
  subscription: text.optional(),
})

type Preview = z.output<z.ZodObject<typeof preview>>

function ruleOf(world: World, params: Preview, customer: Stripe.Customer): TaxRule | undefined {
  const given = params.customer_details
  const country = given?.address?.country
  if (!country) return taxRuleOf(world, customer)
  const hasVatNumber = (given.tax_ids ?? []).some(({ type }) => type === 'eu_vat')
  return taxRule(world, { country, exempt: given.tax_exempt ?? customer.tax_exempt, hasVatNumber })
}

/** What the next invoice of a subscription would say, or one of some items: nothing comes of it. */
function previewOf(world: World, params: Preview): Stripe.Invoice {
  const found = params.subscription
    ? world.tables.subscriptions.get(params.subscription, 'subscription')
    : undefined
  const id = params.customer ?? idOf(found?.customer)
  if (!id) throw notHere('previews for nobody: pass customer')
  const customer = world.tables.customers.get(id, 'customer')
  const code = params.currency ?? found?.currency ?? customer.currency ?? 'eur'
  const taxes = params.automatic_tax?.enabled ?? found?.automatic_tax.enabled ?? false
  const rule = taxes ? ruleOf(world, params, customer) : undefined
  if (taxes && !rule)
    throw invalid(
      "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.",
      'automatic_tax',
      'customer_tax_location_invalid',
    )
  const next = found && upcoming(found)
  const shown = draftOf(world, newId('upcoming_in'), {
    customer,
    currency: code,
    lines: next
      ? subscriptionLines(world, next.subscription, next.period, rule, false)
      : itemLines(world, params, code, rule, timeOf(world, customer).now()),
    reason: next ? 'subscription_cycle' : 'manual',
    automaticTax: taxes,
    ...(next ? { subscription: next.subscription, period: next.period } : {}),
  })
  const where = params.customer_details?.address
  return {
    ...shown,
    customer_address: where ? addressOf(where) : shown.customer_address,
    next_payment_attempt: next ? next.period.start + 60 * 60 : null,
  }
}

function upcoming(subscription: Stripe.Subscription) {
  if (subscription.ended_at || subscription.cancel_at_period_end || subscription.status === 'paused') {
    throw new Failure(404, {
      type: 'invalid_request_error',
      code: 'invoice_upcoming_none',
      message: `No upcoming invoices for customer: ${idOf(subscription.customer)}`,
    })
  }
  const period = nextPeriod(subscription)
  return { subscription: withPeriod(subscription, period), period }
}

function itemLines(
  world: World,
  params: Preview,
  code: string,
  rule: TaxRule | undefined,
  now: number,
): LineFacts[] {
  return (params.invoice_items ?? []).map((item) => {
    const price = world.tables.prices.get(item.price, 'invoice_items')
    const { unitAmount, taxBehavior } = priceIn(world, price, code)
    const quantity = item.quantity ?? 1
    return {
      description: item.description ?? productName(world, price),
      quantity,
      price,
      currency: code,
      taxed: taxed(unitAmount * quantity, taxBehavior, rule),
      period: item.period ?? { start: now, end: now },
      metadata: changedMetadata({}, item.metadata),
      parent: null,
      subscription: null,
    }
  })
}

export const previewRoutes = [
  route('POST', '/v1/invoices/create_preview', preview, ({ world, params }) => previewOf(world, params)),
]
