import type Stripe from 'stripe'
import { z } from 'zod'
import {
  advance,
  changeInvoice,
  collect,
  defaultMethod,
  endInvoice,
  finalize,
  intentOf,
  paid,
  tryPaying,
} from './billing'
import { linesOf, newInvoice } from './drafts'
import { emit } from './events'
import { invalid } from './failure'
import { pendingLines } from './invoice-items'
import { newLine } from './invoice-parts'
import { pageOf, within } from './list'
import {
  accepts,
  bool,
  changedMetadata,
  clearable,
  currency,
  integer,
  metadata,
  natural,
  pages,
  span,
  text,
} from './params'
import { assertNotDeclined } from './paying'
import { methodAt } from './payment-methods'
import { route } from './route'
import { idOf } from './table'
import { timeOf, type World } from './world'

const day = 24 * 60 * 60
const collection = z.enum(['charge_automatically', 'send_invoice'])
const status = z.enum(['draft', 'open', 'paid', 'uncollectible', 'void'])
const customFields = clearable(z.array(z.strictObject({ name: text, value: text })).max(4))

const create = accepts<Stripe.InvoiceCreateParams>()({
  auto_advance: bool.optional(),
  automatic_tax: z.strictObject({ enabled: bool }).optional(),
  collection_method: collection.optional(),
  currency: currency.optional(),
  custom_fields: customFields.optional(),
  customer: text,
  days_until_due: natural.optional(),
  default_payment_method: text.optional(),
  description: text.optional(),
  due_date: integer.optional(),
  footer: text.optional(),
  metadata: metadata.optional(),
  pending_invoice_items_behavior: z.enum(['include', 'exclude']).optional(),
})

type Create = z.output<z.ZodObject<typeof create>>

function createInvoice(world: World, params: Create): Stripe.Invoice {
  const customer = world.tables.customers.get(params.customer, 'customer')
  const sent = params.collection_method === 'send_invoice'
  const due =
    params.days_until_due === undefined
      ? params.due_date
      : timeOf(world, customer).now() + params.days_until_due * day
  if (!sent && due !== undefined) {
    throw invalid(
      'You can only specify a due date on invoices with collection_method=send_invoice.',
      'days_until_due',
    )
  }
  if (sent && due === undefined) {
    throw invalid(
      'If invoice.collection_method=send_invoice, you must pass either due_date or days_until_due.',
      'days_until_due',
    )
  }
  const code = params.currency ?? customer.currency ?? 'eur'
  const taxes = params.automatic_tax?.enabled ?? false
  const invoice = newInvoice(world, {
    customer,
    currency: code,
    lines: [],
    reason: 'manual',
    automaticTax: taxes,
    ...(params.auto_advance ? { advance: (id: string) => advance(world, id) } : {}),
    collection: params.collection_method ?? 'charge_automatically',
    dueDate: due ?? null,
    metadata: changedMetadata({}, params.metadata),
    description: params.description ?? null,
    footer: params.footer ?? null,
    custom_fields: params.custom_fields ?? null,
  })
  const pending =
    params.pending_invoice_items_behavior === 'include'
      ? pendingLines(world, customer.id, invoice.id, code, taxes)
      : []
  return world.tables.invoices.put({
    ...invoice,
    default_payment_method: params.default_payment_method ?? null,
    ...linesOf(
      invoice.id,
      pending.map((line) => newLine(invoice.id, line)),
    ),
  })
}

function pay(
  world: World,
  invoice: Stripe.Invoice,
  params: {
    payment_method?: string | undefined
    paid_out_of_band?: boolean | undefined
    off_session?: boolean | undefined
  },
) {
  const open = invoice.status === 'draft' ? finalize(world, invoice) : invoice
  if (open.status === 'paid') throw invalid('Invoice is already paid', undefined, 'invoice_already_paid')
  if (open.status === 'void')
    throw invalid('Invoice is voided and cannot be paid.', undefined, 'invoice_not_editable')
  if (params.paid_out_of_band) return paid(world, open, { amount: 0, outside: true })
  const method = params.payment_method ? methodAt(world, params.payment_method) : defaultMethod(world, open)
  if (!method) {
    throw invalid(
      'There is no default payment method set on this Customer or Invoice. Please set a default payment method or provide one.',
      undefined,
      'resource_missing',
    )
  }
  const after = collect(world, open, method, { offSession: params.off_session ?? true })
  const intent = intentOf(world, after)
  if (intent) assertNotDeclined(intent)
  return after
}

const at = (world: World, id: string) => world.tables.invoices.get(id, 'invoice')

const changes = [
  route('POST', '/v1/invoices', create, ({ world, params }) => createInvoice(world, params)),
  route(
    'POST',
    '/v1/invoices/:id',
    accepts<Stripe.InvoiceUpdateParams>()({
      auto_advance: bool.optional(),
      custom_fields: customFields.optional(),
      default_payment_method: text.optional(),
      description: text.optional(),
      due_date: integer.optional(),
      footer: text.optional(),
      metadata: metadata.optional(),
    }),
    ({ world, params, ids }) => {
      const invoice = at(world, ids.id)
      const { metadata: given, auto_advance: advances, due_date: due, ...rest } = params
      if (invoice.status !== 'draft' && (rest.description ?? rest.footer ?? rest.custom_fields ?? due)) {
        throw invalid("Finalized invoices can't be updated in this way", undefined, 'invoice_not_editable')
      }
      return changeInvoice(world, invoice, {
        metadata: changedMetadata(invoice.metadata ?? {}, given),
        auto_advance: advances ?? invoice.auto_advance ?? false,
        due_date: due ?? invoice.due_date,
        description: rest.description ?? invoice.description,
        footer: rest.footer ?? invoice.footer,
        custom_fields: rest.custom_fields === undefined ? invoice.custom_fields : rest.custom_fields,
        default_payment_method: rest.default_payment_method ?? invoice.default_payment_method,
      })
    },
  ),
  route(
    'POST',
    '/v1/invoices/:id/finalize',
    accepts<Stripe.InvoiceFinalizeInvoiceParams>()({ auto_advance: bool.optional() }),
    ({ world, params, ids }) => {
      const invoice = finalize(world, at(world, ids.id))
      const charges =
        (params.auto_advance ?? invoice.auto_advance) && invoice.collection_method === 'charge_automatically'
      return charges && invoice.status === 'open' ? tryPaying(world, invoice) : invoice
    },
  ),
  route(
    'POST',
    '/v1/invoices/:id/pay',
    accepts<Stripe.InvoicePayParams>()({
      payment_method: text.optional(),
      paid_out_of_band: bool.optional(),
      off_session: bool.optional(),
    }),
    ({ world, params, ids }) => pay(world, at(world, ids.id), params),
  ),
  route('POST', '/v1/invoices/:id/void', {}, ({ world, ids }) =>
    endInvoice(world, at(world, ids.id), 'void'),
  ),
  route('POST', '/v1/invoices/:id/mark_uncollectible', {}, ({ world, ids }) =>
    endInvoice(world, at(world, ids.id), 'uncollectible'),
  ),
  route('POST', '/v1/invoices/:id/send', {}, ({ world, ids }) => {
    const invoice = at(world, ids.id)
    const sent = invoice.status === 'draft' ? finalize(world, invoice) : invoice
    emit(world, 'invoice.sent', sent)
    return sent
  }),
  route('DELETE', '/v1/invoices/:id', {}, ({ world, ids }) => {
    const invoice = at(world, ids.id)
    if (invoice.status !== 'draft')
      throw invalid('You can only delete draft invoices.', undefined, 'invoice_not_editable')
    timeOf(world, invoice.customer).drop(`finalize ${invoice.id}`)
    world.tables.invoices.remove(invoice.id)
    emit(world, 'invoice.deleted', invoice)
    const deleted: Stripe.DeletedInvoice = { id: invoice.id, object: 'invoice', deleted: true }
    return deleted
  }),
]

const reads = [
  route(
    'GET',
    '/v1/invoices',
    accepts<Stripe.InvoiceListParams>()({
      ...pages,
      collection_method: collection.optional(),
      created: span.optional(),
      customer: text.optional(),
      due_date: span.optional(),
      status: status.optional(),
      subscription: text.optional(),
    }),
    ({ world, params }) => {
      const { collection_method: how, created, customer, due_date: due, status: state, subscription } = params
      const found = world.tables.invoices.all(
        (invoice) =>
          within(invoice.created, created) &&
          (!due || within(invoice.due_date ?? Number.NaN, due)) &&
          (!how || invoice.collection_method === how) &&
          (!customer || idOf(invoice.customer) === customer) &&
          (!state || invoice.status === state) &&
          (!subscription || idOf(invoice.parent?.subscription_details?.subscription) === subscription),
      )
      return pageOf(found, params, '/v1/invoices')
    },
  ),
  route('GET', '/v1/invoices/:id', {}, ({ world, ids }) => at(world, ids.id)),
  route(
    'GET',
    '/v1/invoice_payments',
    accepts<Stripe.InvoicePaymentListParams>()({
      ...pages,
      invoice: text.optional(),
      payment: z.strictObject({ type: z.enum(['payment_intent']), payment_intent: text }).optional(),
      status: z.enum(['open', 'paid', 'canceled']).optional(),
    }),
    ({ world, params: { invoice, payment, status: state, ...params } }) => {
      const found = world.tables.invoicePayments.all(
        (one) =>
          (!invoice || one.invoice === invoice) &&
          (!payment || idOf(one.payment.payment_intent) === payment.payment_intent) &&
          (!state || one.status === state),
      )
      return pageOf(found, params, '/v1/invoice_payments')
    },
  ),
  route('GET', '/v1/invoice_payments/:id', {}, ({ world, ids }) => world.tables.invoicePayments.get(ids.id)),
]

export const invoiceRoutes = [...changes, ...reads]
