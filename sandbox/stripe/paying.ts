import type Stripe from 'stripe'
import { accountAt, cardAt, type TestAccount } from './cards'
import { newCharge, settleCharge } from './charges'
import { openDispute } from './disputes'
import { emit } from './events'
import { Failure, invalid } from './failure'
import { newId, randomText } from './ids'
import { changedMetadata } from './params'
import { attach } from './payment-methods'
import { idOf } from './table'
import { timeOf, type World } from './world'

/** Of what Stripe does and nobody here asks for. */
const unused = {
  allowed_payment_method_types: null,
  application: null,
  application_fee_amount: null,
  automatic_payment_methods: null,
  excluded_payment_method_types: null,
  managed_payments: null,
  on_behalf_of: null,
  payment_method_configuration_details: null,
  payment_record: null,
  review: null,
  shipping: null,
  source: null,
  statement_descriptor: null,
  statement_descriptor_suffix: null,
  transfer_data: null,
  transfer_group: null,
} satisfies Partial<Stripe.PaymentIntent>

interface IntentFacts {
  amount: number
  currency: string
  customer?: string | null | undefined
  description?: string | null | undefined
  metadata?: Record<string, string> | null | undefined
  receipt_email?: string | null | undefined
  setup_future_usage?: 'off_session' | 'on_session' | null | undefined
  types?: string[]
}

export function newIntent(world: World, facts: IntentFacts): Stripe.PaymentIntent {
  const id = newId('pi')
  const intent: Stripe.PaymentIntent = {
    id,
    object: 'payment_intent',
    ...unused,
    amount: facts.amount,
    amount_capturable: 0,
    amount_received: 0,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic',
    client_secret: `${id}_secret_${randomText(24)}`,
    confirmation_method: 'automatic',
    created: timeOf(world, facts.customer).now(),
    currency: facts.currency,
    customer: facts.customer ?? null,
    customer_account: null,
    description: facts.description ?? null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: changedMetadata({}, facts.metadata),
    next_action: null,
    payment_method: null,
    payment_method_options: {},
    payment_method_types: facts.types ?? ['card'],
    processing: null,
    receipt_email: facts.receipt_email ?? null,
    setup_future_usage: facts.setup_future_usage ?? null,
    status: 'requires_payment_method',
  }
  world.tables.paymentIntents.put(intent)
  emit(world, 'payment_intent.created', intent)
  return intent
}

function put<T extends 'succeeded' | 'payment_failed' | 'processing' | 'requires_action' | 'canceled'>(
  world: World,
  event: `payment_intent.${T}`,
  intent: Stripe.PaymentIntent,
  patch: Partial<Stripe.PaymentIntent>,
): Stripe.PaymentIntent {
  const after = world.tables.paymentIntents.put({ ...intent, ...patch })
  emit(world, event, after)
  return after
}

interface How {
  offSession?: boolean
  /** The person has been asked by the bank, and agreed. */
  authenticated?: boolean
  returnUrl?: string | undefined
}

/**
 * Takes the money, or begins to.
 * @returns the intent: succeeded, processing, waiting for the person (`requires_action`), or declined
 * (`requires_payment_method`, with `last_payment_error`)
 */
export function confirm(
  world: World,
  before: Stripe.PaymentIntent,
  given: Stripe.PaymentMethod,
  how: How,
): Stripe.PaymentIntent {
  const customer = idOf(before.customer)
  const method = before.setup_future_usage && customer ? { ...given, customer } : given
  const intent = world.tables.paymentIntents.put({ ...before, payment_method: method.id, next_action: null })
  const secret = world.tables.numbers.get(method.id)
  const account = accountAt(secret.number)
  if (account) return process(world, intent, method, account)
  const card = cardAt(secret.number)
  const asks = card?.authenticate === 'always' || (card?.authenticate === 'unless_set_up' && !secret.setUp)
  if (asks && !how.authenticated) return ask(world, intent, how)
  if (card?.declined) return decline(world, intent, method, card.declined)
  keepForLater(world, intent, given)
  const charge = newCharge(world, intent, method, { status: 'succeeded', authenticated: asks })
  const paid = succeed(world, intent, charge)
  if (card?.disputed) openDispute(world, charge, 'fraudulent')
  return paid
}

function keepForLater(world: World, intent: Stripe.PaymentIntent, method: Stripe.PaymentMethod) {
  const customer = idOf(intent.customer)
  if (!intent.setup_future_usage || !customer) return
  attach(world, method, customer)
  world.tables.numbers.put({ ...world.tables.numbers.get(method.id), setUp: true })
}

function succeed(world: World, intent: Stripe.PaymentIntent, charge: Stripe.Charge): Stripe.PaymentIntent {
  return put(world, 'payment_intent.succeeded', intent, {
    status: 'succeeded',
    amount_received: intent.amount,
    latest_charge: charge.id,
    last_payment_error: null,
    processing: null,
  })
}

function ask(world: World, intent: Stripe.PaymentIntent, how: How): Stripe.PaymentIntent {
  const error = {
    type: 'card_error',
    code: 'authentication_required',
    message: 'Your card was declined. This transaction requires authentication.',
  }
  return put(world, 'payment_intent.requires_action', intent, {
    status: 'requires_action',
    last_payment_error: how.offSession ? error : null,
    next_action: how.offSession
      ? { type: 'use_stripe_sdk', use_stripe_sdk: {} }
      : {
          type: 'redirect_to_url',
          redirect_to_url: {
            url: `${world.url}/authenticate/${intent.id}`,
            return_url: how.returnUrl ?? null,
          },
        },
  })
}

function decline(
  world: World,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  declined: { code: string; decline_code?: string; message: string },
): Stripe.PaymentIntent {
  const charge = newCharge(world, intent, method, { status: 'failed', declined })
  return failed(world, intent, { ...declined, charge: charge.id, payment_method: method, type: 'card_error' })
}

const failed = (world: World, intent: Stripe.PaymentIntent, error: Stripe.PaymentIntent.LastPaymentError) =>
  put(world, 'payment_intent.payment_failed', intent, {
    status: 'requires_payment_method',
    payment_method: null,
    last_payment_error: error,
    latest_charge: error.charge ?? null,
    processing: null,
  })

/** The person did not agree. */
export const refuseAuthentication = (world: World, intent: Stripe.PaymentIntent) =>
  failed(
    world,
    { ...intent, next_action: null },
    {
      type: 'invalid_request_error',
      code: 'payment_intent_authentication_failure',
      message:
        'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
    },
  )

/** A debit: the bank answers later. */
function process(
  world: World,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  account: TestAccount,
) {
  keepForLater(world, intent, method)
  const charge = newCharge(world, intent, method, { status: 'pending' })
  const time = timeOf(world, intent.customer)
  const after = Math.max(account.after, world.settings.debitsTake)
  time.plan(`settle ${intent.id}`, time.now() + after, () => settle(world, intent.id, account))
  return put(world, 'payment_intent.processing', intent, { status: 'processing', latest_charge: charge.id })
}

function settle(world: World, id: string, account: TestAccount) {
  const intent = world.tables.paymentIntents.get(id)
  const charge = world.tables.charges.get(idOf(intent.latest_charge) ?? '')
  if (account.succeeds) {
    const after = succeed(world, intent, settleCharge(world, charge))
    world.hooks.settled.get(id)?.(after)
    if (account.disputed) openDispute(world, world.tables.charges.get(charge.id), 'debit_not_authorized')
    return
  }
  const declined = { code: 'payment_intent_payment_attempt_failed', message: 'The payment failed.' }
  settleCharge(world, charge, declined)
  const after = failed(world, intent, { ...declined, charge: charge.id, type: 'card_error' })
  world.hooks.settled.get(id)?.(after)
}

export function cancelIntent(
  world: World,
  intent: Stripe.PaymentIntent,
  reason: string | null,
): Stripe.PaymentIntent {
  if (['succeeded', 'canceled', 'processing'].includes(intent.status)) {
    throw invalid(
      `You cannot cancel this PaymentIntent because it has a status of ${intent.status}.`,
      undefined,
      'payment_intent_unexpected_state',
    )
  }
  const canceled_at = timeOf(world, intent.customer).now()
  return put(world, 'payment_intent.canceled', intent, {
    status: 'canceled',
    canceled_at,
    cancellation_reason: reason,
  })
}

/** @throws {Failure} when the payment was declined, as the API says it. */
export function assertNotDeclined(intent: Stripe.PaymentIntent): Stripe.PaymentIntent {
  const error = intent.last_payment_error
  if (!error || intent.status === 'succeeded' || intent.status === 'processing') return intent
  const { code, decline_code, message = '', charge } = error
  throw new Failure(402, {
    type: 'card_error',
    message,
    payment_intent: intent,
    ...(code ? { code } : {}),
    ...(decline_code ? { decline_code } : {}),
    ...(charge ? { charge } : {}),
  })
}
