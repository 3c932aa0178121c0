import type { Answer } from '../answer'
import { change, emit } from '../events'
import { Failure, invalid } from '../failure'
import { attach, newCard } from '../payment-methods'
import { idOf } from '../table'
import { newTaxId, taxIdsOf } from '../tax-ids'
import type { World } from '../world'
import { addressFields, date, enteredAddress, field, html, money, page, redirect } from './html'
import type { Page, PageCall } from './page-route'

/** A portal's address is good for an hour. */
const hour = 60 * 60

function customerOf(world: World, id: string) {
  const session = world.tables.portalSessions.get(id)
  if (world.time.now() - session.created > hour) throw invalid('This link has expired.')
  return { session, customer: world.tables.customers.get(session.customer) }
}

function show({ world, id }: PageCall, refused?: string): Answer {
  const { session, customer } = customerOf(world, id)
  const standard = idOf(customer.invoice_settings.default_payment_method)
  const methods = world.tables.paymentMethods
    .all((method) => method.customer === customer.id)
    .map(
      (
        method,
      ) => html`<tr><td>${method.card?.brand ?? 'SEPA'} •••• ${method.card?.last4 ?? method.sepa_debit?.last4}${method.id === standard ? ' (default)' : ''}</td>
<td><button name="remove" value="${method.id}">Remove</button></td></tr>`,
    )
  const taxIds = taxIdsOf(world, customer.id).map(
    ({ id: taxId, value }) =>
      html`<tr><td>${value}</td><td><button name="remove_tax_id" value="${taxId}">Remove</button></td></tr>`,
  )
  const invoices = world.tables.invoices
    .all((invoice) => invoice.customer === customer.id && invoice.status !== 'draft')
    .map(
      (invoice) =>
        html`<tr><td><a href="${invoice.hosted_invoice_url}">${invoice.number}</a> ${date(invoice.created)} ${invoice.status}</td><td>${money(invoice.total, invoice.currency)}</td></tr>`,
    )
  return page(
    'Billing',
    html`${refused ? html`<p role="alert">${refused}</p>` : null}
${session.return_url ? html`<p><a href="${session.return_url}">Return to the shop</a></p>` : null}
<form method="post"><h2>Payment methods</h2><table><tbody>${methods}</tbody></table></form>
<form method="post">${field('Card number', 'card', '4242 4242 4242 4242')}<button>Add and make it the default</button></form>
<form method="post"><h2>Billing information</h2>${field('Name', 'name', customer.name ?? '', 'required')}${addressFields(customer.address)}<button>Save</button></form>
<form method="post"><h2>Tax ID</h2><table><tbody>${taxIds}</tbody></table></form>
<form method="post">${field('VAT number', 'tax_id')}<button>Add</button></form>
<h2>Invoices</h2><table><tbody>${invoices}</tbody></table>`,
    refused ? 402 : 200,
  )
}

function save({ world, id, form }: PageCall) {
  const { customer } = customerOf(world, id)
  const { customers, paymentMethods, taxIds } = world.tables
  const [card, name, taxId, remove, removeTaxId] = ['card', 'name', 'tax_id', 'remove', 'remove_tax_id'].map(
    (field) => form.get(field)?.trim(),
  )
  if (card) {
    const method = attach(world, newCard(world, card.replaceAll(' ', ''), {}), customer.id)
    world.tables.numbers.put({ ...world.tables.numbers.get(method.id), setUp: true })
    const invoice_settings = { ...customer.invoice_settings, default_payment_method: method.id }
    change(world, 'customer.updated', customers, customer, { invoice_settings })
  }
  if (name)
    change(world, 'customer.updated', customers, customer, {
      name,
      address: enteredAddress(form) ?? customer.address ?? null,
    })
  if (taxId) newTaxId(world, { customer: customer.id, type: 'eu_vat', value: taxId })
  const method = remove && paymentMethods.get(remove)
  if (method && method.customer === customer.id) {
    emit(world, 'payment_method.detached', paymentMethods.put({ ...method, customer: null }), {
      customer: customer.id,
    })
  }
  const gone = removeTaxId && taxIds.get(removeTaxId)
  if (gone && gone.customer === customer.id) {
    taxIds.remove(gone.id)
    emit(world, 'customer.tax_id.deleted', gone)
  }
}

const path = /^\/p\/session\/([^/]+)$/

export const portalPages: Page[] = [
  { method: 'GET', path, show: (call) => show(call) },
  {
    method: 'POST',
    path,
    show: (call) => {
      try {
        save(call)
        return redirect(`/p/session/${call.id}`)
      } catch (error) {
        if (error instanceof Failure) return show(call, error.message)
        throw error
      }
    },
  },
]
