import type Stripe from 'stripe'
import { z } from 'zod'
import { change, emit } from './events'
import { invalid, missing } from './failure'
import { newId, randomText } from './ids'
import { pageOf, within } from './list'
import { accepts, address, changedMetadata, clearable, metadata, pages, span, text } from './params'
import { route } from './route'
import { newTaxId, taxIdType } from './tax-ids'
import type { World } from './world'

const taxExempt = clearable(z.enum(['none', 'exempt', 'reverse']))

const facts = {
  address: clearable(address).optional(),
  description: text.optional(),
  email: text.optional(),
  name: text.optional(),
  phone: text.optional(),
  preferred_locales: z.array(text).optional(),
  tax_exempt: taxExempt.optional(),
  metadata: metadata.optional(),
  invoice_settings: z
    .strictObject({ default_payment_method: text.optional(), footer: text.optional() })
    .optional(),
}

const create = accepts<Stripe.CustomerCreateParams>()({
  ...facts,
  tax_id_data: z.array(z.strictObject({ type: taxIdType, value: text })).optional(),
  test_clock: text.optional(),
})

export const addressOf = (given: z.output<typeof address>): Stripe.Address => ({
  city: given.city || null,
  country: given.country || null,
  line1: given.line1 || null,
  line2: given.line2 || null,
  postal_code: given.postal_code || null,
  state: given.state || null,
})

interface CustomerFacts {
  address?: Stripe.Address | null
  description?: string
  email?: string
  name?: string
  phone?: string
  preferred_locales?: string[]
  tax_exempt?: string | null
  metadata?: Record<string, string> | null
  test_clock?: string
}

/** A new customer, as the API or a Checkout page makes one. */
export function newCustomer(
  world: World,
  given: { [Name in keyof CustomerFacts]?: CustomerFacts[Name] | undefined },
) {
  const clock = given.test_clock ? world.clocks.get(given.test_clock) : undefined
  if (given.test_clock && !clock) throw missing('test clock', given.test_clock, 'test_clock')
  const customer: Stripe.Customer = {
    id: newId('cus', 14),
    object: 'customer',
    address: given.address ?? null,
    balance: 0,
    created: (clock ?? world.time).now(),
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: given.description ?? null,
    discount: null,
    email: given.email ?? null,
    invoice_prefix: randomText(8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: changedMetadata({}, given.metadata),
    name: given.name ?? null,
    next_invoice_sequence: 1,
    phone: given.phone ?? null,
    preferred_locales: given.preferred_locales ?? [],
    shipping: null,
    tax_exempt: given.tax_exempt ?? 'none',
    test_clock: given.test_clock ?? null,
  }
  world.tables.customers.put(customer)
  emit(world, 'customer.created', customer)
  return customer
}

const notTheirs = (method: string) =>
  invalid(
    `The customer does not have a payment method with the ID ${method}. The payment method must be attached to the customer.`,
    'invoice_settings[default_payment_method]',
    'resource_missing',
  )

export const customerRoutes = [
  route('POST', '/v1/customers', create, ({ world, params }) => {
    const { address: where, tax_id_data: taxIds = [], invoice_settings: settings, ...rest } = params
    const method = settings?.default_payment_method
    if (method)
      throw invalid(
        'The customer does not have this payment method.',
        'invoice_settings[default_payment_method]',
      )
    const customer = newCustomer(world, { ...rest, address: where ? addressOf(where) : null })
    for (const { type, value } of taxIds) newTaxId(world, { customer: customer.id, type, value })
    if (!settings?.footer) return customer
    return world.tables.customers.put({
      ...customer,
      invoice_settings: { ...customer.invoice_settings, footer: settings.footer },
    })
  }),
  route(
    'POST',
    '/v1/customers/:id',
    accepts<Stripe.CustomerUpdateParams>()(facts),
    ({ world, params, ids }) => {
      const customer = world.tables.customers.get(ids.id)
      const { address: where, metadata: given, invoice_settings: settings, ...rest } = params
      const method = settings?.default_payment_method
      if (method && world.tables.paymentMethods.find(method)?.customer !== customer.id)
        throw notTheirs(method)
      const patch: Partial<Stripe.Customer> = {
        metadata: changedMetadata(customer.metadata, given),
        invoice_settings: {
          ...customer.invoice_settings,
          ...(method ? { default_payment_method: method } : {}),
          ...(settings?.footer ? { footer: settings.footer } : {}),
        },
      }
      if (where !== undefined) patch.address = where && addressOf(where)
      for (const name of ['description', 'email', 'name', 'phone', 'tax_exempt'] as const) {
        const value = rest[name]
        // An empty text takes it away.
        if (value !== undefined) patch[name] = value || (name === 'tax_exempt' ? 'none' : null)
      }
      if (rest.preferred_locales) patch.preferred_locales = rest.preferred_locales
      return change(world, 'customer.updated', world.tables.customers, customer, patch)
    },
  ),
  route(
    'GET',
    '/v1/customers',
    accepts<Stripe.CustomerListParams>()({
      ...pages,
      created: span.optional(),
      email: text.optional(),
      test_clock: text.optional(),
    }),
    ({ world, params }) => {
      const { created, email, test_clock: clock } = params
      const found = world.tables.customers.all(
        (customer) =>
          within(customer.created, created) &&
          (email === undefined || customer.email === email) &&
          customer.test_clock === (clock ?? null),
      )
      return pageOf(found, params, '/v1/customers')
    },
  ),
  route(
    'GET',
    '/v1/customers/:id',
    {},
    ({ world, ids }) => world.tables.deletedCustomers.find(ids.id) ?? world.tables.customers.get(ids.id),
  ),
]
