import type Stripe from 'stripe'
import { z } from 'zod'
import { emit } from './events'
import { invalid } from './failure'
import { newId } from './ids'
import { pageOf, within } from './list'
import { accepts, bool, changedMetadata, metadata, pages, span, text } from './params'
import { route } from './route'
import { idOf } from './table'
import { timeOf, type World } from './world'

const noEvidence: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
}

const detailsOf = ({
  payment_method_details: of,
}: Stripe.Charge): { payment_method_details?: Stripe.Dispute.PaymentMethodDetails } =>
  of?.card
    ? {
        payment_method_details: {
          type: 'card',
          card: {
            brand: of.card.brand ?? 'visa',
            case_type: 'chargeback',
            network: of.card.network ?? 'visa',
            network_reason_code: '10.4',
          },
        },
      }
    : {}

const week = 7 * 24 * 60 * 60

/** The customer's bank takes the money back until it is decided who is right. */
export function openDispute(world: World, charge: Stripe.Charge, reason: string): Stripe.Dispute {
  if (charge.disputed) throw invalid('This charge has already been disputed.')
  if (!charge.paid) throw invalid('A charge that was not paid cannot be disputed.')
  const created = timeOf(world, charge.customer).now()
  const dispute: Stripe.Dispute = {
    id: newId('du'),
    object: 'dispute',
    amount: charge.amount - charge.amount_refunded,
    balance_transactions: [],
    charge: charge.id,
    created,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence,
    evidence_details: {
      due_by: created + week,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'manual',
    },
    intended_submission_method: null,
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    ...detailsOf(charge),
    reason,
    status: 'needs_response',
  }
  world.tables.disputes.put(dispute)
  world.tables.charges.put({ ...charge, disputed: true })
  emit(world, 'charge.dispute.created', dispute)
  emit(world, 'charge.dispute.funds_withdrawn', dispute)
  return dispute
}

/** @param verdict `won`: the money comes back to the vendor */
export function closeDispute(world: World, dispute: Stripe.Dispute, verdict: 'won' | 'lost'): Stripe.Dispute {
  if (dispute.status === 'won' || dispute.status === 'lost') throw invalid('This dispute is already closed.')
  const closed = world.tables.disputes.put({ ...dispute, status: verdict })
  emit(world, 'charge.dispute.updated', closed, { status: dispute.status })
  emit(world, 'charge.dispute.closed', closed)
  if (verdict === 'won') emit(world, 'charge.dispute.funds_reinstated', closed)
  return closed
}

const evidence = accepts<Stripe.DisputeUpdateParams.Evidence>()({
  uncategorized_text: text.optional(),
  product_description: text.optional(),
  customer_name: text.optional(),
  customer_email_address: text.optional(),
})

/** What decides a dispute in test mode, as Stripe documents it. */
const verdicts: Record<string, 'won' | 'lost'> = { winning_evidence: 'won', losing_evidence: 'lost' }

export const disputeRoutes = [
  route(
    'POST',
    '/v1/disputes/:id',
    accepts<Stripe.DisputeUpdateParams>()({
      evidence: z.strictObject(evidence).optional(),
      metadata: metadata.optional(),
      submit: bool.optional(),
    }),
    ({ world, params, ids }) => {
      const dispute = world.tables.disputes.get(ids.id)
      const given = params.evidence
      const verdict = verdicts[given?.uncategorized_text ?? '']
      const submitted = given !== undefined && params.submit !== false
      const updated = world.tables.disputes.put({
        ...dispute,
        evidence: {
          ...dispute.evidence,
          uncategorized_text: given?.uncategorized_text ?? dispute.evidence.uncategorized_text,
          product_description: given?.product_description ?? dispute.evidence.product_description,
          customer_name: given?.customer_name ?? dispute.evidence.customer_name,
          customer_email_address: given?.customer_email_address ?? dispute.evidence.customer_email_address,
        },
        evidence_details: {
          ...dispute.evidence_details,
          has_evidence: dispute.evidence_details.has_evidence || given !== undefined,
          submission_count: dispute.evidence_details.submission_count + (submitted ? 1 : 0),
        },
        metadata: changedMetadata(dispute.metadata, params.metadata),
        status: submitted ? 'under_review' : dispute.status,
      })
      emit(world, 'charge.dispute.updated', updated, { status: dispute.status })
      return submitted && verdict ? closeDispute(world, updated, verdict) : updated
    },
  ),
  route('POST', '/v1/disputes/:id/close', {}, ({ world, ids }) =>
    closeDispute(world, world.tables.disputes.get(ids.id), 'lost'),
  ),
  route(
    'GET',
    '/v1/disputes',
    accepts<Stripe.DisputeListParams>()({
      ...pages,
      charge: text.optional(),
      created: span.optional(),
      payment_intent: text.optional(),
    }),
    ({ world, params: { charge, created, payment_intent: intent, ...params } }) => {
      const found = world.tables.disputes.all(
        (dispute) =>
          within(dispute.created, created) &&
          (!charge || idOf(dispute.charge) === charge) &&
          (!intent || idOf(dispute.payment_intent) === intent),
      )
      return pageOf(found, params, '/v1/disputes')
    },
  ),
  route('GET', '/v1/disputes/:id', {}, ({ world, ids }) => world.tables.disputes.get(ids.id)),
]
