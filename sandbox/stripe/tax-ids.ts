import type Stripe from 'stripe'
import { emit } from './events'
import { invalid } from './failure'
import { newId } from './ids'
import { pageOf } from './list'
import { accepts, pages, text } from './params'
import { route } from './route'
import { timeOf, type World } from './world'

/** How a value of the type looks; of others than these the stand-in knows no form. */
const forms: Record<string, RegExp> = {
  eu_vat: /^[A-Z]{2}[A-Z0-9+*]{2,13}$/,
  gb_vat: /^GB\d{9}(?:\d{3})?$/,
  ch_vat: /^CHE\d{9}(?:MWST|TVA|IVA)$/,
}

export const taxIdType = text.regex(/^(?:[a-z]{2}|eu)_[a-z0-9_]+$/)

/** @throws {import('./failure').Failure} when the value cannot be one of its type. */
export function newTaxId(
  world: World,
  given: { customer: string; type: string; value: string },
): Stripe.TaxId {
  const value = given.value.replaceAll(/[\s.]/g, '').toUpperCase()
  if (!(forms[given.type] ?? /./).test(value)) {
    throw invalid(`Invalid value for ${given.type}.`, 'value', 'tax_id_invalid')
  }
  const taxId: Stripe.TaxId = {
    id: newId('txi'),
    object: 'tax_id',
    country: given.type === 'eu_vat' ? value.slice(0, 2) : given.type.slice(0, 2).toUpperCase(),
    created: timeOf(world, given.customer).now(),
    customer: given.customer,
    customer_account: null,
    livemode: false,
    owner: { type: 'customer', customer: given.customer, customer_account: null },
    type: given.type,
    value,
    verification: { status: 'pending', verified_address: null, verified_name: null },
  }
  world.tables.taxIds.put(taxId)
  emit(world, 'customer.tax_id.created', taxId)
  return taxId
}

export const taxIdsOf = (world: World, customer: string) => world.tables.taxIds.of(customer)

export const taxIdRoutes = [
  route(
    'POST',
    '/v1/customers/:customer/tax_ids',
    accepts<Stripe.CustomerCreateTaxIdParams>()({ type: taxIdType, value: text }),
    ({ world, params, ids }) => {
      const { id } = world.tables.customers.get(ids.customer)
      return newTaxId(world, { ...params, customer: id })
    },
  ),
  route(
    'GET',
    '/v1/customers/:customer/tax_ids',
    accepts<Stripe.CustomerListTaxIdsParams>()(pages),
    ({ world, params, ids }) => {
      const { id } = world.tables.customers.get(ids.customer)
      return pageOf(taxIdsOf(world, id), params, `/v1/customers/${id}/tax_ids`)
    },
  ),
  route('GET', '/v1/customers/:customer/tax_ids/:id', {}, ({ world, ids }) =>
    world.tables.taxIds.get(ids.id),
  ),
  route('DELETE', '/v1/customers/:customer/tax_ids/:id', {}, ({ world, ids }) => {
    const taxId = world.tables.taxIds.get(ids.id)
    world.tables.taxIds.remove(taxId.id)
    emit(world, 'customer.tax_id.deleted', taxId)
    const deleted: Stripe.DeletedTaxId = { id: taxId.id, object: 'tax_id', deleted: true }
    return deleted
  }),
]
