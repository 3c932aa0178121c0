import Stripe from 'stripe'
import { z } from 'zod'
import { intentOf, paid } from './billing'
import { emit } from './events'
import { invalid } from './failure'
import { newId } from './ids'
import { pageOf, partOf, within } from './list'
import { accepts, changedMetadata, metadata, natural, pages, span, text } from './params'
import { newRefund } from './refunds'
import { route } from './route'
import { idOf } from './table'
import { timeOf, type World } from './world'

const create = accepts<Stripe.CreditNoteCreateParams>()({
  amount: natural.optional(),
  invoice: text,
  lines: z
    .array(
      z.strictObject({
        type: z.enum(['invoice_line_item']),
        invoice_line_item: text,
        quantity: natural.optional(),
        amount: natural.optional(),
      }),
    )
    .optional(),
  memo: text.optional(),
  metadata: metadata.optional(),
  out_of_band_amount: natural.optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'order_change', 'product_unsatisfactory']).optional(),
  refund_amount: natural.optional(),
  refunds: z.array(z.strictObject({ refund: text, amount_refunded: natural.optional() })).optional(),
})

type Create = z.output<z.ZodObject<typeof create>>

/** A line of a credit note, with the tax of what it credits. */
function lineOf(id: string, invoice: Stripe.Invoice, given: NonNullable<Create['lines']>[number]) {
  const line = invoice.lines.data.find((one) => one.id === given.invoice_line_item)
  if (!line)
    throw invalid(`No such invoice line item: '${given.invoice_line_item}'`, 'lines', 'resource_missing')
  const share =
    given.amount !== undefined
      ? given.amount / line.amount
      : (given.quantity ?? line.quantity ?? 1) / (line.quantity || 1)
  if (share > 1) throw invalid('The credit note line is greater than what was invoiced.', 'lines')
  const taxes = (line.taxes ?? []).map((tax) => ({
    ...tax,
    amount: Math.round(tax.amount * share),
    taxable_amount: Math.round((tax.taxable_amount ?? 0) * share),
  }))
  const credited: Stripe.CreditNoteLineItem = {
    id: `${id}_${line.id}`.replace('cn_', 'cnli_'),
    object: 'credit_note_line_item',
    amount: Math.round(line.amount * share),
    description: line.description,
    discount_amount: 0,
    discount_amounts: [],
    invoice_line_item: line.id,
    livemode: false,
    metadata: null,
    pretax_credit_amounts: [],
    quantity: given.quantity ?? line.quantity,
    tax_rates: [],
    taxes,
    type: 'invoice_line_item',
    unit_amount: null,
    unit_amount_decimal: null,
  }
  return credited
}

const customLine = (id: string, amount: number): Stripe.CreditNoteLineItem => ({
  id: id.replace('cn_', 'cnli_'),
  object: 'credit_note_line_item',
  amount,
  description: null,
  discount_amount: 0,
  discount_amounts: [],
  livemode: false,
  metadata: null,
  pretax_credit_amounts: [],
  quantity: 1,
  tax_rates: [],
  taxes: [],
  type: 'custom_line_item',
  unit_amount: amount,
  unit_amount_decimal: Stripe.Decimal.from(String(amount)),
})

const onTop = (line: Stripe.CreditNoteLineItem) =>
  (line.taxes ?? []).reduce((sum, tax) => sum + (tax.tax_behavior === 'exclusive' ? tax.amount : 0), 0)

/** What goes back to the customer for the part that was already paid. */
function refundsFor(
  world: World,
  invoice: Stripe.Invoice,
  params: Create,
  post: number,
): Stripe.CreditNote.Refund[] {
  const linked = (params.refunds ?? []).map(({ refund, amount_refunded }) => {
    const { id, amount } = world.tables.refunds.get(refund, 'refunds')
    return {
      refund: id,
      amount_refunded: amount_refunded ?? amount,
      payment_record_refund: null,
      type: 'refund' as const,
    }
  })
  const charge = idOf(intentOf(world, invoice)?.latest_charge)
  if (params.refund_amount && charge) {
    const { id, amount } = newRefund(world, world.tables.charges.get(charge), {
      amount: params.refund_amount,
    })
    linked.push({ refund: id, amount_refunded: amount, payment_record_refund: null, type: 'refund' })
  }
  const back = linked.reduce((sum, one) => sum + one.amount_refunded, 0) + (params.out_of_band_amount ?? 0)
  if (back !== post) {
    throw invalid(
      `The sum of credit amount, refund amount and out of band amount (${back}) must equal the credit note amount (${post}).`,
    )
  }
  return linked
}

function assertLeft(invoice: Stripe.Invoice, amount: number) {
  const before = invoice.pre_payment_credit_notes_amount + invoice.post_payment_credit_notes_amount
  if (amount < 1 || amount > invoice.total - before) {
    throw invalid(
      `The credit note amount (${amount}) is not within what is left to credit (${invoice.total - before}).`,
      'amount',
    )
  }
}

function newCreditNote(world: World, params: Create): Stripe.CreditNote {
  const invoice = world.tables.invoices.get(params.invoice, 'invoice')
  if (invoice.status !== 'open' && invoice.status !== 'paid') {
    throw invalid('Credit notes can only be created for finalized invoices.', 'invoice')
  }
  const id = newId('cn')
  const lines = params.lines?.map((line) => lineOf(id, invoice, line)) ?? [customLine(id, params.amount ?? 0)]
  const subtotal = lines.reduce((sum, line) => sum + line.amount, 0)
  const amount = subtotal + lines.reduce((sum, line) => sum + onTop(line), 0)
  assertLeft(invoice, amount)
  const pre = Math.min(amount, invoice.amount_remaining)
  const refunds = refundsFor(world, invoice, params, amount - pre)
  const count = world.tables.creditNotes.all((note) => note.invoice === invoice.id).length + 1
  const now = timeOf(world, invoice.customer).now()
  const note: Stripe.CreditNote = {
    ...blank,
    id,
    amount,
    created: now,
    currency: invoice.currency,
    customer: idOf(invoice.customer) ?? '',
    effective_at: now,
    invoice: invoice.id,
    lines: partOf(lines, `/v1/credit_notes/${id}/lines`),
    memo: params.memo ?? null,
    metadata: changedMetadata({}, params.metadata),
    number: `${invoice.number}-CN-${String(count).padStart(2, '0')}`,
    out_of_band_amount: params.out_of_band_amount ?? null,
    pdf: `${world.url}/credit_notes/${id}/pdf`,
    post_payment_amount: amount - pre,
    pre_payment_amount: pre,
    reason: params.reason ?? null,
    refunds,
    subtotal,
    subtotal_excluding_tax: subtotal,
    total: amount,
    total_excluding_tax: subtotal,
    total_taxes: lines.flatMap((line) => line.taxes ?? []),
    type: pre === amount ? 'pre_payment' : pre === 0 ? 'post_payment' : 'mixed',
  }
  world.tables.creditNotes.put(note)
  emit(world, 'credit_note.created', note)
  applyTo(world, invoice, note)
  return note
}

const blank = {
  object: 'credit_note' as const,
  amount_shipping: 0,
  customer_account: null,
  customer_balance_transaction: null,
  discount_amount: 0,
  discount_amounts: [],
  livemode: false,
  pretax_credit_amounts: [],
  shipping_cost: null,
  status: 'issued' as const,
  voided_at: null,
} satisfies Partial<Stripe.CreditNote>

function applyTo(world: World, invoice: Stripe.Invoice, note: Stripe.CreditNote) {
  const after = world.tables.invoices.put({
    ...invoice,
    amount_due: invoice.amount_due - note.pre_payment_amount,
    amount_remaining: invoice.amount_remaining - note.pre_payment_amount,
    pre_payment_credit_notes_amount: invoice.pre_payment_credit_notes_amount + note.pre_payment_amount,
    post_payment_credit_notes_amount: invoice.post_payment_credit_notes_amount + note.post_payment_amount,
  })
  emit(world, 'invoice.updated', after, {
    pre_payment_credit_notes_amount: invoice.pre_payment_credit_notes_amount,
    post_payment_credit_notes_amount: invoice.post_payment_credit_notes_amount,
  })
  if (after.status === 'open' && after.amount_remaining === 0) paid(world, after, { amount: 0 })
}

export const creditNoteRoutes = [
  route('POST', '/v1/credit_notes', create, ({ world, params }) => newCreditNote(world, params)),
  route('POST', '/v1/credit_notes/:id/void', {}, ({ world, ids }) => {
    const note = world.tables.creditNotes.get(ids.id)
    if (note.type !== 'pre_payment' || note.status === 'void')
      throw invalid('You can only void credit notes of open invoices.')
    const invoice = world.tables.invoices.get(idOf(note.invoice))
    if (invoice.status !== 'open') throw invalid('You can only void credit notes of open invoices.')
    world.tables.invoices.put({
      ...invoice,
      amount_due: invoice.amount_due + note.amount,
      amount_remaining: invoice.amount_remaining + note.amount,
      pre_payment_credit_notes_amount: invoice.pre_payment_credit_notes_amount - note.amount,
    })
    const voided_at = timeOf(world, note.customer).now()
    const after = world.tables.creditNotes.put({ ...note, status: 'void', voided_at })
    emit(world, 'credit_note.voided', after)
    return after
  }),
  route(
    'GET',
    '/v1/credit_notes',
    accepts<Stripe.CreditNoteListParams>()({
      ...pages,
      created: span.optional(),
      customer: text.optional(),
      invoice: text.optional(),
    }),
    ({ world, params: { created, customer, invoice, ...params } }) => {
      const found = world.tables.creditNotes.all(
        (note) =>
          within(note.created, created) &&
          (!customer || note.customer === customer) &&
          (!invoice || note.invoice === invoice),
      )
      return pageOf(found, params, '/v1/credit_notes')
    },
  ),
  route('GET', '/v1/credit_notes/:id', {}, ({ world, ids }) => world.tables.creditNotes.get(ids.id)),
]
