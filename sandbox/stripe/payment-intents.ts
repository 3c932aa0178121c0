import type Stripe from 'stripe'
import { z } from 'zod'
import { invalid } from './failure'
import { pageOf, within } from './list'
import { accepts, bool, changedMetadata, currency, metadata, natural, pages, span, text } from './params'
import { assertNotDeclined, cancelIntent, confirm, newIntent } from './paying'
import { methodAt } from './payment-methods'
import { route } from './route'
import { idOf } from './table'
import type { World } from './world'

const confirmation = {
  payment_method: text.optional(),
  off_session: bool.optional(),
  return_url: text.optional(),
}

function confirmed(
  world: World,
  intent: Stripe.PaymentIntent,
  params: {
    payment_method?: string | undefined
    off_session?: boolean | undefined
    return_url?: string | undefined
  },
) {
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
    throw invalid(
      `You cannot confirm this PaymentIntent because it has a status of ${intent.status}.`,
      undefined,
      'payment_intent_unexpected_state',
    )
  }
  const id = params.payment_method ?? idOf(intent.payment_method)
  if (!id)
    throw invalid(
      'You cannot confirm this PaymentIntent because it’s missing a payment method.',
      'payment_method',
      'payment_intent_unexpected_state',
    )
  const how = { offSession: params.off_session ?? false, returnUrl: params.return_url }
  return assertNotDeclined(confirm(world, intent, methodAt(world, id), how))
}

export const paymentIntentRoutes = [
  route(
    'POST',
    '/v1/payment_intents',
    accepts<Stripe.PaymentIntentCreateParams>()({
      ...confirmation,
      amount: natural.refine((amount) => amount > 0),
      currency,
      confirm: bool.optional(),
      customer: text.optional(),
      description: text.optional(),
      metadata: metadata.optional(),
      receipt_email: text.optional(),
      setup_future_usage: z.enum(['off_session', 'on_session']).optional(),
    }),
    ({ world, params }) => {
      if (params.customer) world.tables.customers.get(params.customer, 'customer')
      const intent = newIntent(world, { ...params, types: ['card', 'sepa_debit'] })
      return params.confirm ? confirmed(world, intent, params) : intent
    },
  ),
  route(
    'POST',
    '/v1/payment_intents/:id/confirm',
    accepts<Stripe.PaymentIntentConfirmParams>()(confirmation),
    ({ world, params, ids }) => confirmed(world, world.tables.paymentIntents.get(ids.id), params),
  ),
  route(
    'POST',
    '/v1/payment_intents/:id/cancel',
    accepts<Stripe.PaymentIntentCancelParams>()({
      cancellation_reason: z
        .enum(['abandoned', 'duplicate', 'fraudulent', 'requested_by_customer'])
        .optional(),
    }),
    ({ world, params, ids }) =>
      cancelIntent(world, world.tables.paymentIntents.get(ids.id), params.cancellation_reason ?? null),
  ),
  route(
    'POST',
    '/v1/payment_intents/:id',
    accepts<Stripe.PaymentIntentUpdateParams>()({
      metadata: metadata.optional(),
      description: text.optional(),
    }),
    ({ world, params, ids }) => {
      const intent = world.tables.paymentIntents.get(ids.id)
      return world.tables.paymentIntents.put({
        ...intent,
        metadata: changedMetadata(intent.metadata, params.metadata),
        description: params.description ?? intent.description,
      })
    },
  ),
  route(
    'GET',
    '/v1/payment_intents',
    accepts<Stripe.PaymentIntentListParams>()({
      ...pages,
      created: span.optional(),
      customer: text.optional(),
    }),
    ({ world, params: { created, customer, ...params } }) => {
      const found = world.tables.paymentIntents.all(
        (intent) => within(intent.created, created) && (!customer || idOf(intent.customer) === customer),
      )
      return pageOf(found, params, '/v1/payment_intents')
    },
  ),
  route('GET', '/v1/payment_intents/:id', {}, ({ world, ids }) => world.tables.paymentIntents.get(ids.id)),
]
