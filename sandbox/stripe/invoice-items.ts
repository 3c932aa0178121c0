import Stripe from 'stripe'
import { z } from 'zod'
import { linesOf } from './drafts'
import { emit } from './events'
import { invalid } from './failure'
import { newId } from './ids'
import { type LineFacts, newLine } from './invoice-parts'
import { priceIn } from './line-prices'
import { pageOf, within } from './list'
import { accepts, changedMetadata, currency, integer, metadata, natural, pages, span, text } from './params'
import { route } from './route'
import { idOf } from './table'
import { taxed, taxRuleOf } from './tax'
import { timeOf, type World } from './world'

const create = accepts<Stripe.InvoiceItemCreateParams>()({
  amount: integer.optional(),
  currency: currency.optional(),
  customer: text,
  description: text.optional(),
  invoice: text.optional(),
  metadata: metadata.optional(),
  period: z.strictObject({ start: integer, end: integer }).optional(),
  pricing: z.strictObject({ price: text }).optional(),
  quantity: natural.optional(),
  tax_behavior: z.enum(['exclusive', 'inclusive', 'unspecified']).optional(),
  unit_amount_decimal: text.optional(),
})

type Params = z.output<z.ZodObject<typeof create>>

function newItem(world: World, params: Params): Stripe.InvoiceItem {
  const customer = world.tables.customers.get(params.customer, 'customer')
  const draft = params.invoice ? world.tables.invoices.get(params.invoice, 'invoice') : undefined
  if (draft && draft.status !== 'draft') {
    throw invalid('You can only add invoice items to a draft invoice.', 'invoice', 'invoice_not_editable')
  }
  const price = params.pricing && world.tables.prices.get(params.pricing.price, 'pricing[price]')
  const code = params.currency ?? draft?.currency ?? price?.currency
  if (!code) throw invalid('Missing required param: currency.', 'currency', 'parameter_missing')
  const quantity = params.quantity ?? 1
  const unit = price ? priceIn(world, price, code).unitAmount : undefined
  const amount = unit === undefined ? params.amount : unit * quantity
  if (amount === undefined) throw invalid('Missing required param: amount.', 'amount', 'parameter_missing')
  const now = timeOf(world, customer).now()
  const item: Stripe.InvoiceItem = {
    id: newId('ii'),
    object: 'invoiceitem',
    amount,
    currency: code,
    customer: customer.id,
    customer_account: null,
    date: now,
    description: params.description ?? (price && productName(world, price)) ?? null,
    discountable: true,
    discounts: [],
    invoice: draft?.id ?? null,
    livemode: false,
    metadata: changedMetadata({}, params.metadata),
    net_amount: amount,
    parent: null,
    period: params.period ?? { start: now, end: now },
    pricing: {
      type: 'price_details',
      ...(price ? { price_details: { price: price.id, product: String(price.product) } } : {}),
      unit_amount_decimal: Stripe.Decimal.from(String(unit ?? amount)),
    },
    proration: false,
    quantity,
    quantity_decimal: Stripe.Decimal.from(String(quantity)),
    tax_rates: [],
    test_clock: idOf(customer.test_clock),
  }
  world.tables.invoiceItems.put(item)
  emit(world, 'invoiceitem.created', item)
  if (draft) addToDraft(world, draft, item, params.tax_behavior)
  return item
}

export const productName = (world: World, price: Stripe.Price) =>
  world.tables.products.find(idOf(price.product))?.name ?? ''

function addToDraft(world: World, draft: Stripe.Invoice, item: Stripe.InvoiceItem, behavior?: string) {
  const line = newLine(draft.id, lineOf(world, item, draft.automatic_tax.enabled, behavior))
  const after = { ...draft, ...linesOf(draft.id, [...draft.lines.data, line]) }
  world.tables.invoices.put(after)
  emit(world, 'invoice.updated', after, { lines: draft.lines, total: draft.total })
}

/** The line that an item becomes. */
function lineOf(world: World, item: Stripe.InvoiceItem, taxes: boolean, behavior?: string): LineFacts {
  const customer = world.tables.customers.get(idOf(item.customer))
  const price = world.tables.prices.find(idOf(item.pricing?.price_details?.price) ?? '') ?? null
  const rule = taxes ? taxRuleOf(world, customer) : undefined
  return {
    description: item.description ?? '',
    quantity: item.quantity,
    price,
    currency: item.currency,
    taxed: taxed(item.amount, behavior ?? price?.tax_behavior ?? 'unspecified', rule),
    period: item.period,
    metadata: item.metadata ?? {},
    parent: {
      type: 'invoice_item_details',
      invoice_item_details: {
        invoice_item: item.id,
        proration: false,
        proration_details: null,
        subscription: null,
      },
      subscription_item_details: null,
    },
    subscription: null,
  }
}

/** The lines of what waits for the customer's next invoice. The items belong to it from now on. */
export function pendingLines(
  world: World,
  customer: string,
  invoice: string,
  code: string,
  taxes: boolean,
): LineFacts[] {
  const items = world.tables.invoiceItems.all(
    (item) => item.customer === customer && !item.invoice && item.currency === code,
  )
  return items.reverse().map((item) => {
    world.tables.invoiceItems.put({ ...item, invoice })
    return lineOf(world, item, taxes)
  })
}

export const invoiceItemRoutes = [
  route('POST', '/v1/invoiceitems', create, ({ world, params }) => newItem(world, params)),
  route(
    'GET',
    '/v1/invoiceitems',
    accepts<Stripe.InvoiceItemListParams>()({
      ...pages,
      created: span.optional(),
      customer: text.optional(),
      invoice: text.optional(),
    }),
    ({ world, params: { created, customer, invoice, ...params } }) => {
      const found = world.tables.invoiceItems.all(
        (item) =>
          within(item.date, created) &&
          (!customer || item.customer === customer) &&
          (!invoice || item.invoice === invoice),
      )
      return pageOf(found, params, '/v1/invoiceitems')
    },
  ),
  route('GET', '/v1/invoiceitems/:id', {}, ({ world, ids }) => world.tables.invoiceItems.get(ids.id)),
]
