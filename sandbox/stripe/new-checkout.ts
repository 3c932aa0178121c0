import type Stripe from 'stripe'
import { linesFrom, sessionTotals } from './checkout-lines'
import { type CheckoutParams, check, day } from './checkout-params'
import { emit } from './events'
import { randomText } from './ids'
import { changedMetadata } from './params'
import { idOf } from './table'
import { type TaxRule, taxRuleOf } from './tax'
import { timeOf, type World } from './world'

export function newSession(world: World, params: CheckoutParams): Stripe.Checkout.Session {
  const customer = params.customer ? world.tables.customers.get(params.customer, 'customer') : undefined
  const time = timeOf(world, customer)
  const now = time.now()
  check(params, customer, now)
  const { mode } = params
  const { lines, currency: code } = linesFrom(world, params.line_items ?? [], mode, params.currency)
  const taxes = params.automatic_tax?.enabled ?? false
  const rule = taxes && customer ? taxRuleOf(world, customer) : undefined
  const id = `cs_test_a1${randomText(56)}`
  const pays = mode !== 'setup'
  const session: Stripe.Checkout.Session = {
    ...blank,
    id,
    allowed_payment_method_types: params.allowed_payment_method_types ?? null,
    automatic_tax: taxOf(taxes, rule),
    billing_address_collection: params.billing_address_collection ?? null,
    cancel_url: params.cancel_url ?? null,
    client_reference_id: params.client_reference_id ?? null,
    created: now,
    currency: pays ? code : (params.currency ?? null),
    customer: customer?.id ?? null,
    customer_creation:
      customer || mode === 'subscription' ? null : (params.customer_creation ?? 'if_required'),
    customer_details: detailsOf(customer, params.customer_email),
    customer_email: params.customer_email ?? null,
    expires_at: params.expires_at ?? now + day,
    invoice_creation: mode === 'payment' ? creationOf(params) : null,
    locale: params.locale ?? null,
    metadata: changedMetadata({}, params.metadata),
    mode,
    payment_method_collection:
      mode === 'subscription' ? (params.payment_method_collection ?? 'always') : null,
    payment_method_types:
      params.allowed_payment_method_types ?? (code === 'eur' ? ['card', 'sepa_debit'] : ['card']),
    payment_status: pays ? 'unpaid' : 'no_payment_required',
    submit_type: params.submit_type ?? null,
    success_url: params.success_url,
    tax_id_collection: {
      enabled: params.tax_id_collection?.enabled ?? false,
      required: params.tax_id_collection?.required ?? 'never',
    },
    url: `${world.url}/c/pay/${id}`,
    ...(pays ? sessionTotals(lines, code, rule) : {}),
  }
  world.tables.sessions.put(session)
  world.tables.checkouts.put({ id, params, lines })
  time.plan(`expire ${id}`, session.expires_at, () => expire(world, id))
  return session
}

const taxOf = (enabled: boolean, rule: TaxRule | undefined): Stripe.Checkout.Session.AutomaticTax => ({
  enabled,
  liability: enabled ? { type: 'self' } : null,
  provider: enabled ? 'stripe' : null,
  status: enabled ? (rule ? 'complete' : 'requires_location_inputs') : null,
})

const blank = {
  object: 'checkout.session' as const,
  adaptive_pricing: null,
  after_expiration: null,
  allow_promotion_codes: null,
  amount_subtotal: null,
  amount_total: null,
  client_secret: null,
  collected_information: null,
  consent: null,
  consent_collection: null,
  currency_conversion: null,
  custom_fields: [],
  custom_text: {
    after_submit: null,
    shipping_address: null,
    submit: null,
    terms_of_service_acceptance: null,
  },
  customer_account: null,
  discounts: [],
  integration_identifier: null,
  invoice: null,
  livemode: false,
  managed_payments: null,
  origin_context: null,
  payment_intent: null,
  payment_link: null,
  payment_method_configuration_details: null,
  payment_method_options: {},
  permissions: null,
  phone_number_collection: { enabled: false },
  recovered_from: null,
  saved_payment_method_options: null,
  setup_intent: null,
  shipping_address_collection: null,
  shipping_cost: null,
  shipping_options: [],
  status: 'open' as const,
  subscription: null,
  total_details: null,
  ui_mode: 'hosted_page' as const,
  wallet_options: null,
} satisfies Partial<Stripe.Checkout.Session>

const detailsOf = (
  customer: Stripe.Customer | undefined,
  email: string | undefined,
): Stripe.Checkout.Session.CustomerDetails | null =>
  customer || email
    ? {
        address: null,
        business_name: null,
        email: customer?.email ?? email ?? null,
        individual_name: null,
        name: null,
        phone: null,
        tax_exempt: customer?.tax_exempt ?? 'none',
        tax_ids: null,
      }
    : null

function creationOf({ invoice_creation: creation }: CheckoutParams): Stripe.Checkout.Session.InvoiceCreation {
  const data = creation?.invoice_data
  return {
    enabled: creation?.enabled ?? false,
    invoice_data: {
      account_tax_ids: null,
      custom_fields: data?.custom_fields ?? null,
      description: data?.description ?? null,
      footer: data?.footer ?? null,
      issuer: null,
      metadata: changedMetadata({}, data?.metadata),
      rendering_options: null,
    },
  }
}

/** Nobody can pay it any more. */
export function expire(world: World, id: string) {
  const session = world.tables.sessions.get(id)
  if (session.status !== 'open') return session
  const expired = world.tables.sessions.put<Stripe.Checkout.Session>({
    ...session,
    status: 'expired',
    url: null,
  })
  timeOf(world, idOf(session.customer)).drop(`expire ${id}`)
  emit(world, 'checkout.session.expired', expired)
  return expired
}
