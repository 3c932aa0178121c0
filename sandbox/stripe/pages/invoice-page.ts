import type Stripe from 'stripe'
import type { Answer } from '../answer'
import { collect, intentOf } from '../billing'
import { Failure } from '../failure'
import { assertNotDeclined } from '../paying'
import { newCard } from '../payment-methods'
import type { World } from '../world'
import { date, field, html, money, page, redirect } from './html'
import type { Page } from './page-route'
import { pdf } from './pdf'

const linesOf = (invoice: Stripe.Invoice) =>
  invoice.lines.data.map((line) => ({
    what: `${line.description ?? ''} (${date(line.period.start)} to ${date(line.period.end)})`,
    amount: money(line.amount, invoice.currency),
  }))

function show(world: World, id: string, refused?: string): Answer {
  const invoice = world.tables.invoices.get(id)
  const rows = linesOf(invoice).map(({ what, amount }) => html`<tr><td>${what}</td><td>${amount}</td></tr>`)
  const taxes = (invoice.total_taxes ?? []).map(
    ({ amount }) => html`<tr><td>Tax</td><td>${money(amount, invoice.currency)}</td></tr>`,
  )
  const open = invoice.status === 'open' && invoice.amount_remaining > 0
  return page(
    `Invoice ${invoice.number ?? ''}`,
    html`${refused ? html`<p role="alert">${refused}</p>` : null}<p>${invoice.customer_name} · ${invoice.status}</p>
<table><tbody>${rows}${taxes}<tr><th>Total</th><th>${money(invoice.total, invoice.currency)}</th></tr></tbody></table>
<p><a href="${invoice.invoice_pdf}">PDF</a></p>
${open ? html`<form method="post">${field('Card number', 'card', '4242 4242 4242 4242')}<button>Pay ${money(invoice.amount_remaining, invoice.currency)}</button></form>` : null}`,
    refused ? 402 : 200,
  )
}

function pay(world: World, id: string, number: string): Answer {
  const invoice = world.tables.invoices.get(id)
  if (invoice.status !== 'open') return redirect(`/invoices/${id}`)
  try {
    const intent = intentOf(
      world,
      collect(world, invoice, newCard(world, number.replaceAll(' ', ''), {}), { offSession: false }),
    )
    if (intent?.status === 'requires_action') {
      const method = world.tables.paymentMethods.find(String(intent.payment_method))
      world.hooks.asked.set(intent.id, (agreed) => {
        if (agreed)
          collect(world, world.tables.invoices.get(id), method, { offSession: false, authenticated: true })
        return `${world.url}/invoices/${id}`
      })
      return redirect(`/authenticate/${intent.id}`)
    }
    if (intent) assertNotDeclined(intent)
    return redirect(`/invoices/${id}`)
  } catch (error) {
    if (error instanceof Failure) return show(world, id, error.message)
    throw error
  }
}

const document = (name: string, lines: string[]): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/pdf', 'content-disposition': `inline; filename="${name}.pdf"` },
  body: pdf(lines),
})

const path = /^\/invoices\/([^/]+)$/

export const invoicePages: Page[] = [
  { method: 'GET', path, show: ({ world, id }) => show(world, id) },
  { method: 'POST', path, show: ({ world, id, form }) => pay(world, id, form.get('card') ?? '') },
  {
    method: 'GET',
    path: /^\/invoices\/([^/]+)\/pdf$/,
    show: ({ world, id }) => {
      const invoice = world.tables.invoices.get(id)
      return document(`Invoice-${invoice.number}`, [
        `Invoice ${invoice.number}`,
        `Date ${date(invoice.effective_at)}`,
        `To ${invoice.customer_name ?? ''}`,
        ...(invoice.customer_tax_ids ?? []).map(({ value }) => `VAT number ${value}`),
        '',
        ...linesOf(invoice).map(({ what, amount }) => `${what}  ${amount}`),
        ...(invoice.total_taxes ?? []).map(({ amount }) => `Tax  ${money(amount, invoice.currency)}`),
        `Total  ${money(invoice.total, invoice.currency)}`,
      ])
    },
  },
  {
    method: 'GET',
    path: /^\/credit_notes\/([^/]+)\/pdf$/,
    show: ({ world, id }) => {
      const note = world.tables.creditNotes.get(id)
      return document(`Credit-note-${note.number}`, [
        `Credit note ${note.number}`,
        `Date ${date(note.created)}`,
        `Total  ${money(note.amount, note.currency)}`,
      ])
    },
  },
  {
    method: 'GET',
    path: /^\/receipts\/([^/]+)$/,
    show: ({ world, id }) => {
      const charge = world.tables.charges.get(id)
      return page('Receipt', html`<p>${money(charge.amount, charge.currency)} on ${date(charge.created)}</p>`)
    },
  },
]
