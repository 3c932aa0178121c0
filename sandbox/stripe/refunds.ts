import type Stripe from 'stripe'
import { z } from 'zod'
import { emit } from './events'
import { invalid } from './failure'
import { newId } from './ids'
import { pageOf, within } from './list'
import { accepts, changedMetadata, metadata, natural, pages, span, text } from './params'
import { route } from './route'
import { idOf } from './table'
import { timeOf, type World } from './world'

interface RefundFacts {
  amount?: number | undefined
  metadata?: Record<string, string> | null | undefined
  reason?: string | undefined
}

/** @throws {import('./failure').Failure} when there is not so much left, or nothing was paid. */
function refundable(charge: Stripe.Charge, asked: number | undefined): number {
  const left = charge.amount - charge.amount_refunded
  if (charge.status !== 'succeeded')
    throw invalid(`Charge ${charge.id} was not paid and cannot be refunded.`, 'charge')
  if (charge.disputed) {
    throw invalid(
      `Charge ${charge.id} has been charged back; cannot issue a refund.`,
      'charge',
      'charge_disputed',
    )
  }
  if (left === 0)
    throw invalid(`Charge ${charge.id} has already been refunded.`, 'charge', 'charge_already_refunded')
  const amount = asked ?? left
  if (amount > left) {
    throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, 'amount')
  }
  if (amount < 1) throw invalid('Invalid positive integer', 'amount', 'parameter_invalid_integer')
  return amount
}

const destinationOf = (charge: Stripe.Charge): Stripe.Refund.DestinationDetails =>
  charge.payment_method_details?.type === 'sepa_debit'
    ? { type: 'sepa_debit' }
    : {
        type: 'card',
        card: { type: 'refund', reference_status: 'pending', reference_type: 'acquirer_reference_number' },
      }

/** @throws {import('./failure').Failure} when there is not so much left, or nothing was paid. */
export function newRefund(world: World, charge: Stripe.Charge, facts: RefundFacts): Stripe.Refund {
  const amount = refundable(charge, facts.amount)
  const refund: Stripe.Refund = {
    id: newId('re'),
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: timeOf(world, charge.customer).now(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: destinationOf(charge),
    metadata: changedMetadata({}, facts.metadata),
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: facts.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  }
  world.tables.refunds.put(refund)
  const refunded = world.tables.charges.put({
    ...charge,
    amount_refunded: charge.amount_refunded + amount,
    refunded: charge.amount_refunded + amount === charge.amount,
  })
  emit(world, 'refund.created', refund)
  emit(world, 'charge.refunded', refunded, {
    amount_refunded: charge.amount_refunded,
    ...(refunded.refunded ? { refunded: false } : {}),
  })
  return refund
}

export const refundsOf = (world: World, charge: string) => world.tables.refunds.of(charge)

function chargeOf(
  world: World,
  params: { charge?: string | undefined; payment_intent?: string | undefined },
) {
  if (params.charge) return world.tables.charges.get(params.charge, 'charge')
  if (!params.payment_intent)
    throw invalid(
      'One of the following params should be provided for this request: payment_intent or charge.',
    )
  const charge = idOf(world.tables.paymentIntents.get(params.payment_intent, 'payment_intent').latest_charge)
  if (!charge) {
    throw invalid(
      `This PaymentIntent (${params.payment_intent}) does not have a successful charge to refund.`,
      'payment_intent',
    )
  }
  return world.tables.charges.get(charge)
}

export const refundRoutes = [
  route(
    'POST',
    '/v1/refunds',
    accepts<Stripe.RefundCreateParams>()({
      amount: natural.optional(),
      charge: text.optional(),
      metadata: metadata.optional(),
      payment_intent: text.optional(),
      reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
    }),
    ({ world, params }) => newRefund(world, chargeOf(world, params), params),
  ),
  route(
    'POST',
    '/v1/refunds/:id',
    accepts<Stripe.RefundUpdateParams>()({ metadata: metadata.optional() }),
    ({ world, params, ids }) => {
      const refund = world.tables.refunds.get(ids.id)
      const updated = world.tables.refunds.put({
        ...refund,
        metadata: changedMetadata(refund.metadata ?? {}, params.metadata),
      })
      emit(world, 'refund.updated', updated, { metadata: refund.metadata })
      return updated
    },
  ),
  route(
    'GET',
    '/v1/refunds',
    accepts<Stripe.RefundListParams>()({
      ...pages,
      charge: text.optional(),
      created: span.optional(),
      payment_intent: text.optional(),
    }),
    ({ world, params: { charge, created, payment_intent: intent, ...params } }) => {
      const found = world.tables.refunds.all(
        (refund) =>
          within(refund.created, created) &&
          (!charge || refund.charge === charge) &&
          (!intent || refund.payment_intent === intent),
      )
      return pageOf(found, params, '/v1/refunds')
    },
  ),
  route('GET', '/v1/refunds/:id', {}, ({ world, ids }) => world.tables.refunds.get(ids.id)),
]
