import type Stripe from 'stripe'
import { change, emit } from './events'
import { newId } from './ids'
import { pageOf, within } from './list'
import { accepts, changedMetadata, metadata, pages, span, text } from './params'
import { route } from './route'
import { idOf } from './table'
import { timeOf, type World } from './world'

type Status = 'succeeded' | 'pending' | 'failed'

interface Declined {
  code: string
  decline_code?: string
  message: string
}

/** Of what Stripe does and nobody here asks for. */
const unused = {
  application: null,
  application_fee: null,
  application_fee_amount: null,
  balance_transaction: null,
  failure_balance_transaction: null,
  on_behalf_of: null,
  review: null,
  shipping: null,
  source: null,
  source_transfer: null,
  statement_descriptor_suffix: null,
  transfer_data: null,
  transfer_group: null,
} satisfies Partial<Stripe.Charge>

/** The movement of money that a payment intent makes. */
export function newCharge(
  world: World,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  outcome: { status: Status; declined?: Declined; authenticated?: boolean },
): Stripe.Charge {
  const { status, declined } = outcome
  const id = newId('ch')
  const charge: Stripe.Charge = {
    id,
    object: 'charge',
    ...unused,
    amount: intent.amount,
    amount_captured: status === 'failed' ? 0 : intent.amount,
    amount_refunded: 0,
    billing_details: method.billing_details,
    calculated_statement_descriptor: 'LATCHKEY',
    captured: status !== 'failed',
    created: timeOf(world, intent.customer).now(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_code: declined?.code ?? null,
    failure_message: declined?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    outcome: outcomeOf(status, declined),
    paid: status === 'succeeded',
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: detailsOf(intent, method, outcome.authenticated ?? false),
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: status === 'failed' ? null : `${world.url}/receipts/${id}`,
    refunded: false,
    statement_descriptor: intent.statement_descriptor,
    status,
  }
  world.tables.charges.put(charge)
  emit(
    world,
    status === 'succeeded' ? 'charge.succeeded' : status === 'pending' ? 'charge.pending' : 'charge.failed',
    charge,
  )
  return charge
}

const outcomeOf = (status: Status, declined: Declined | undefined): Stripe.Charge.Outcome => ({
  advice_code: null,
  network_advice_code: null,
  network_decline_code: declined ? '01' : null,
  network_status: declined ? 'declined_by_network' : status === 'pending' ? null : 'approved_by_network',
  reason: declined?.decline_code ?? declined?.code ?? null,
  risk_level: declined ? 'normal' : 'not_assessed',
  seller_message: declined
    ? 'The bank did not return any further details with this decline.'
    : 'Payment complete.',
  type: declined ? 'issuer_declined' : 'authorized',
})

function detailsOf(
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  authenticated: boolean,
): Stripe.Charge.PaymentMethodDetails {
  const { card, sepa_debit: account } = method
  if (account) {
    const { bank_code, branch_code, country, fingerprint, last4 } = account
    return {
      type: 'sepa_debit',
      sepa_debit: { bank_code, branch_code, country, fingerprint, last4, mandate: null },
    }
  }
  if (!card) return { type: String(method.type) }
  return {
    type: 'card',
    card: {
      amount_authorized: intent.amount,
      authorization_code: null,
      brand: card.brand,
      checks: card.checks,
      country: card.country,
      electronic_commerce_indicator: null,
      exp_month: card.exp_month,
      exp_year: card.exp_year,
      fingerprint: card.fingerprint ?? null,
      funding: card.funding,
      installments: null,
      last4: card.last4,
      mandate: null,
      network: card.brand,
      network_transaction_id: null,
      regulated_status: null,
      three_d_secure: authenticated
        ? {
            authentication_flow: 'challenge',
            electronic_commerce_indicator: '05',
            exemption_indicator: null,
            result: 'authenticated',
            result_reason: null,
            transaction_id: intent.id,
            version: '2.2.0',
          }
        : null,
      transaction_link_id: null,
      wallet: null,
    },
  }
}

/** What became of a charge that was pending. */
export function settleCharge(world: World, charge: Stripe.Charge, declined?: Declined): Stripe.Charge {
  const settled: Stripe.Charge = declined
    ? {
        ...charge,
        amount_captured: 0,
        captured: false,
        failure_code: declined.code,
        failure_message: declined.message,
        outcome: outcomeOf('failed', declined),
        status: 'failed',
      }
    : { ...charge, paid: true, status: 'succeeded', outcome: outcomeOf('succeeded', undefined) }
  world.tables.charges.put(settled)
  emit(world, declined ? 'charge.failed' : 'charge.succeeded', settled)
  return settled
}

export const chargeRoutes = [
  route(
    'GET',
    '/v1/charges',
    accepts<Stripe.ChargeListParams>()({
      ...pages,
      created: span.optional(),
      customer: text.optional(),
      payment_intent: text.optional(),
    }),
    ({ world, params: { created, customer, payment_intent: intent, ...params } }) => {
      const found = world.tables.charges.all(
        (charge) =>
          within(charge.created, created) &&
          (!customer || idOf(charge.customer) === customer) &&
          (!intent || idOf(charge.payment_intent) === intent),
      )
      return pageOf(found, params, '/v1/charges')
    },
  ),
  route('GET', '/v1/charges/:id', {}, ({ world, ids }) => world.tables.charges.get(ids.id)),
  route(
    'POST',
    '/v1/charges/:id',
    accepts<Stripe.ChargeUpdateParams>()({ metadata: metadata.optional(), description: text.optional() }),
    ({ world, params, ids }) => {
      const charge = world.tables.charges.get(ids.id)
      return change(world, 'charge.updated', world.tables.charges, charge, {
        metadata: changedMetadata(charge.metadata, params.metadata),
        description: params.description ?? charge.description,
      })
    },
  ),
]
