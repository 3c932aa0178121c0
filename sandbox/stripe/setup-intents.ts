import type Stripe from 'stripe'
import { accountAt, cardAt } from './cards'
import { emit } from './events'
import { Failure } from './failure'
import { newId, randomText } from './ids'
import { pageOf, within } from './list'
import { accepts, bool, changedMetadata, metadata, pages, span, text } from './params'
import { attach, methodAt } from './payment-methods'
import { route } from './route'
import { idOf } from './table'
import { timeOf, type World } from './world'

interface SetupFacts {
  customer?: string | null | undefined
  description?: string | null | undefined
  metadata?: Record<string, string> | null | undefined
}

export function newSetupIntent(world: World, facts: SetupFacts): Stripe.SetupIntent {
  const id = newId('seti')
  const intent: Stripe.SetupIntent = {
    id,
    object: 'setup_intent',
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${randomText(24)}`,
    created: timeOf(world, facts.customer).now(),
    customer: facts.customer ?? null,
    customer_account: null,
    description: facts.description ?? null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    metadata: changedMetadata({}, facts.metadata),
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card', 'sepa_debit'],
    single_use_mandate: null,
    status: 'requires_payment_method',
    usage: 'off_session',
  }
  world.tables.setupIntents.put(intent)
  emit(world, 'setup_intent.created', intent)
  return intent
}

/**
 * Keeps a payment method for later payments.
 * @param authenticated the person has been asked by the bank, and agreed
 * @throws {Failure} when the card is declined
 */
export function setUp(
  world: World,
  intent: Stripe.SetupIntent,
  method: Stripe.PaymentMethod,
  authenticated: boolean,
): Stripe.SetupIntent {
  const secret = world.tables.numbers.get(method.id)
  const card = accountAt(secret.number) ? undefined : cardAt(secret.number)
  if (card?.authenticate && !authenticated) {
    const waiting = world.tables.setupIntents.put({
      ...intent,
      payment_method: method.id,
      status: 'requires_action',
      next_action: {
        type: 'redirect_to_url',
        redirect_to_url: { url: `${world.url}/authenticate/${intent.id}`, return_url: null },
      },
    })
    emit(world, 'setup_intent.requires_action', waiting)
    return waiting
  }
  if (card?.declined && !card.attaches) {
    const error = { type: 'card_error' as const, ...card.declined }
    const failed = world.tables.setupIntents.put({
      ...intent,
      status: 'requires_payment_method',
      next_action: null,
      last_setup_error: { ...error, payment_method: method },
    })
    emit(world, 'setup_intent.setup_failed', failed)
    throw new Failure(402, { ...error, setup_intent: failed })
  }
  const customer = idOf(intent.customer)
  if (customer) attach(world, method, customer)
  world.tables.numbers.put({ ...secret, setUp: true })
  const done = world.tables.setupIntents.put({
    ...intent,
    payment_method: method.id,
    status: 'succeeded',
    next_action: null,
    last_setup_error: null,
  })
  emit(world, 'setup_intent.succeeded', done)
  return done
}

export const setupIntentRoutes = [
  route(
    'POST',
    '/v1/setup_intents',
    accepts<Stripe.SetupIntentCreateParams>()({
      confirm: bool.optional(),
      customer: text.optional(),
      description: text.optional(),
      metadata: metadata.optional(),
      payment_method: text.optional(),
      return_url: text.optional(),
    }),
    ({ world, params }) => {
      if (params.customer) world.tables.customers.get(params.customer, 'customer')
      const intent = newSetupIntent(world, params)
      if (!params.confirm || !params.payment_method) return intent
      return setUp(world, intent, methodAt(world, params.payment_method), false)
    },
  ),
  route(
    'GET',
    '/v1/setup_intents',
    accepts<Stripe.SetupIntentListParams>()({
      ...pages,
      created: span.optional(),
      customer: text.optional(),
    }),
    ({ world, params: { created, customer, ...params } }) => {
      const found = world.tables.setupIntents.all(
        (intent) => within(intent.created, created) && (!customer || idOf(intent.customer) === customer),
      )
      return pageOf(found, params, '/v1/setup_intents')
    },
  ),
  route('GET', '/v1/setup_intents/:id', {}, ({ world, ids }) => world.tables.setupIntents.get(ids.id)),
]
