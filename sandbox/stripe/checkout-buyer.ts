import type Stripe from 'stripe'
import { type CheckoutLine, sessionTotals } from './checkout-lines'
import type { CheckoutParams } from './checkout-params'
import { newCustomer } from './customers'
import { change } from './events'
import { Failure } from './failure'
import { idOf } from './table'
import { type TaxRule, taxRule, taxRuleOf } from './tax'
import { newTaxId, taxIdsOf } from './tax-ids'
import type { World } from './world'

/** What a person enters on the page. */
export interface Entered {
  email: string
  name: string
  address: Stripe.Address | null
  taxId: { type: string; value: string } | null
  method: { card: string } | { iban: string }
}

/** A Checkout that is being paid. */
export interface Checkout {
  world: World
  id: string
  params: CheckoutParams
  lines: CheckoutLine[]
}

export const sessionOf = ({ world, id }: Checkout) => world.tables.sessions.get(id)

/** The customer, made or brought up to date where the shop asked for it. */
export function buyer({ world, id, params }: Checkout, entered: Entered): Stripe.Customer | undefined {
  const session = world.tables.sessions.get(id)
  const known = world.tables.customers.find(idOf(session.customer) ?? '')
  const { customer_update: updates } = params
  let customer = known
  if (known) {
    const patch: Partial<Stripe.Customer> = {}
    if (updates?.address === 'auto' && entered.address) patch.address = entered.address
    if (updates?.name === 'auto' && entered.name) patch.name = entered.name
    customer = change(world, 'customer.updated', world.tables.customers, known, patch)
  } else if (
    session.mode === 'subscription' ||
    params.customer_creation === 'always' ||
    params.invoice_creation?.enabled
  ) {
    customer = newCustomer(world, { email: entered.email, name: entered.name, address: entered.address })
    world.tables.sessions.put({ ...session, customer: customer.id })
  }
  const { taxId } = entered
  if (customer && taxId && session.tax_id_collection?.enabled) {
    const has = taxIdsOf(world, customer.id).some(({ value }) => value === taxId.value)
    if (!has) newTaxId(world, { ...taxId, customer: customer.id })
  }
  return customer
}

/** The tax of the buyer's place; undefined where none is computed, or nobody knows the place yet. */
export function ruleOf(
  { world, id }: Checkout,
  customer: Stripe.Customer | undefined,
  entered?: Entered,
): TaxRule | undefined {
  if (!world.tables.sessions.get(id).automatic_tax.enabled) return undefined
  if (customer) return taxRuleOf(world, customer)
  const country = entered?.address?.country
  return country
    ? taxRule(world, { country, exempt: 'none', hasVatNumber: entered.taxId?.type === 'eu_vat' })
    : undefined
}

/** Puts what was entered into the session. */
export function fillIn(checkout: Checkout, customer: Stripe.Customer | undefined, entered: Entered) {
  const { world, lines } = checkout
  const session = sessionOf(checkout)
  const rule = ruleOf(checkout, customer, entered)
  const taxes = session.automatic_tax.enabled
  if (taxes && !rule) {
    throw new Failure(400, {
      type: 'invalid_request_error',
      message: 'Your address is needed to compute the tax.',
    })
  }
  world.tables.sessions.put({
    ...session,
    ...(session.mode === 'setup' ? {} : sessionTotals(lines, session.currency ?? 'eur', rule)),
    automatic_tax: { ...session.automatic_tax, status: taxes ? 'complete' : null },
    customer_details: {
      address: entered.address ?? customer?.address ?? null,
      business_name: null,
      email: customer?.email ?? entered.email,
      individual_name: null,
      name: entered.name || customer?.name || null,
      phone: null,
      tax_exempt: customer?.tax_exempt ?? 'none',
      tax_ids: entered.taxId ? [entered.taxId] : [],
    },
  })
}
