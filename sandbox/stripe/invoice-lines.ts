import type Stripe from 'stripe'
import { changeInvoice } from './billing'
import { invalid, missing } from './failure'
import { pageOf } from './list'
import { accepts, pages, text } from './params'
import { route } from './route'

export const invoiceLineRoutes = [
  route(
    'GET',
    '/v1/invoices/:id/lines',
    accepts<Stripe.InvoiceListLineItemsParams>()(pages),
    ({ world, params, ids }) => {
      const { lines } = world.tables.invoices.get(ids.id, 'invoice')
      return pageOf(lines.data, params, lines.url)
    },
  ),
  route(
    'POST',
    '/v1/invoices/:id/lines/:line',
    accepts<Stripe.InvoiceUpdateLineItemParams>()({ description: text.optional() }),
    ({ world, params, ids }) => {
      const invoice = world.tables.invoices.get(ids.id, 'invoice')
      const line = invoice.lines.data.find(({ id }) => id === ids.line)
      if (!line) throw missing('line item', ids.line)
      if (invoice.status !== 'draft')
        throw invalid("Finalized invoices can't be updated in this way", undefined, 'invoice_not_editable')
      const description = params.description ?? line.description
      const changed = { ...line, description }
      // What both of them say is changed in both: https://docs.stripe.com/api/invoices/update_line
      const item = world.tables.invoiceItems.find(line.parent?.invoice_item_details?.invoice_item ?? '')
      if (item) world.tables.invoiceItems.put({ ...item, description })
      const data = invoice.lines.data.map((one) => (one === line ? changed : one))
      changeInvoice(world, invoice, { lines: { ...invoice.lines, data } })
      return changed
    },
  ),
]
