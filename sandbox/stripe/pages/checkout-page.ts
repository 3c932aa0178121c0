import type Stripe from 'stripe'
import { lineItemsOf } from '../checkout'
import { payCheckout } from '../checkout-pay'
import { Failure } from '../failure'
import { idOf } from '../table'
import type { World } from '../world'
import { addressFields, enteredAddress, field, type Html, html, money, page, redirect } from './html'
import type { Page } from './page-route'

const cards: [number: string, what: string][] = [
  ['4242 4242 4242 4242', 'succeeds'],
  ['4000 0000 0000 0002', 'is declined'],
  ['4000 0000 0000 9995', 'has insufficient funds'],
  ['4000 0000 0000 3220', 'asks its holder (3-D Secure)'],
  ['4000 0000 0000 0341', 'is accepted, and declined at the next renewal'],
  ['4000 0000 0000 0259', 'is disputed afterwards'],
]

const accounts: [iban: string, what: string][] = [
  ['AT611904300234573201', 'succeeds at once'],
  ['AT321904300235473204', 'succeeds after three minutes'],
  ['AT861904300235473202', 'fails at once'],
  ['AT051904300235473205', 'fails after three minutes'],
]

function lines(world: World, session: Stripe.Checkout.Session): Html {
  const { currency } = session
  const rows = lineItemsOf(world, session.id).map(
    (line) =>
      html`<tr><td>${line.quantity} × ${line.description}</td><td>${money(line.amount_subtotal, currency)}</td></tr>`,
  )
  const tax =
    session.automatic_tax.status === 'requires_location_inputs'
      ? 'with your address'
      : money(session.total_details?.amount_tax ?? 0, currency)
  return html`<table><tbody>${rows}<tr><td>Tax</td><td>${tax}</td></tr>
<tr><th>Total</th><th>${money(session.amount_total, currency)}</th></tr></tbody></table>`
}

function methods(session: Stripe.Checkout.Session): Html {
  const debit = session.payment_method_types.includes('sepa_debit')
  const option = ([value, what]: [string, string]) =>
    html`<option value="${value}">${value}: ${what}</option>`
  return html`<fieldset><legend>Pay with</legend>
<label><input type="radio" name="method" value="card" checked> Card</label>
${field('Card number', 'card', '4242 4242 4242 4242', 'list="cards" autocomplete="off"')}
<datalist id="cards">${cards.map(option)}</datalist>
${debit ? html`<label><input type="radio" name="method" value="sepa_debit"> SEPA Direct Debit</label>${field('IBAN', 'iban', '', 'list="accounts" autocomplete="off"')}<datalist id="accounts">${accounts.map(option)}</datalist>` : null}
</fieldset>`
}

function buyer(world: World, session: Stripe.Checkout.Session): Html {
  const customer = world.tables.customers.find(idOf(session.customer) ?? '')
  const asksAddress = session.billing_address_collection === 'required' || session.automatic_tax.enabled
  return html`${field('Email', 'email', customer?.email ?? session.customer_email ?? '', 'type="email" required')}
${field('Name', 'name', customer?.name ?? '', 'required')}
${asksAddress ? addressFields(customer?.address) : null}
${session.tax_id_collection?.enabled ? field('VAT number, if any', 'tax_id') : null}`
}

function show(world: World, id: string, refused?: string) {
  const session = world.tables.sessions.get(id)
  if (session.status === 'expired') return page('This Checkout has expired', back(session), 410)
  if (session.status === 'complete') return page('This is already paid', html``)
  const setup = session.mode === 'setup'
  return page(
    setup ? 'Save a payment method' : session.mode === 'subscription' ? 'Subscribe' : 'Pay',
    html`${refused ? html`<p role="alert">${refused}</p>` : null}${setup ? null : lines(world, session)}
<form method="post">${buyer(world, session)}${methods(session)}
<button type="submit">${setup ? 'Save' : session.mode === 'subscription' ? 'Subscribe' : `Pay ${money(session.amount_total, session.currency)}`}</button></form>
${back(session)}`,
    refused ? 402 : 200,
  )
}

const back = (session: Stripe.Checkout.Session) =>
  session.cancel_url ? html`<p><a href="${session.cancel_url}">Go back without paying</a></p>` : html``

const euVat = /^[A-Z]{2}/

export const checkoutPages: Page[] = [
  {
    method: 'GET',
    path: /^\/c\/pay\/([^/]+)$/,
    show: ({ world, id, query }) =>
      show(
        world,
        id,
        query.get('declined')
          ? 'We are unable to authenticate your payment method. Please choose another.'
          : undefined,
      ),
  },
  {
    method: 'POST',
    path: /^\/c\/pay\/([^/]+)$/,
    show: ({ world, id, form }) => {
      const of = (name: string) => form.get(name)?.trim() ?? ''
      const number = of('tax_id').replaceAll(' ', '').toUpperCase()
      try {
        const next = payCheckout(world, id, {
          email: of('email'),
          name: of('name'),
          address: enteredAddress(form),
          taxId: number ? { type: euVat.test(number) ? 'eu_vat' : 'unknown', value: number } : null,
          method: of('method') === 'sepa_debit' ? { iban: of('iban') } : { card: of('card') },
        })
        return redirect(next)
      } catch (error) {
        if (error instanceof Failure && error.status < 404) return show(world, id, error.message)
        throw error
      }
    },
  },
]
