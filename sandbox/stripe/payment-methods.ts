import type Stripe from 'stripe'
import { z } from 'zod'
import { accountAt, cardAt, readyMade } from './cards'
import { addressOf } from './customers'
import { change, emit } from './events'
import { Failure, invalid } from './failure'
import { newId, randomText } from './ids'
import { pageOf } from './list'
import { accepts, address, changedMetadata, integer, metadata, pages, text } from './params'
import { route } from './route'
import type { World } from './world'

const billing = z.strictObject({
  address: address.optional(),
  email: text.optional(),
  name: text.optional(),
  phone: text.optional(),
})

type Billing = z.output<typeof billing>

const noBilling: Stripe.PaymentMethod.BillingDetails = {
  address: null,
  email: null,
  name: null,
  phone: null,
  tax_id: null,
}

const billed = (given: Billing | undefined): Stripe.PaymentMethod.BillingDetails => ({
  ...noBilling,
  address: given?.address ? addressOf(given.address) : null,
  email: given?.email ?? null,
  name: given?.name ?? null,
  phone: given?.phone ?? null,
})

interface Method {
  billing?: Billing | undefined
  metadata?: Record<string, string> | null | undefined
}

/** @throws {Failure} when the number is none of Stripe's test cards: no other card is taken. */
export function newCard(
  world: World,
  number: string,
  facts: Method & { expires?: [month: number, year: number] },
) {
  const card = cardAt(number)
  if (!card) {
    throw new Failure(402, {
      type: 'card_error',
      code: 'incorrect_number',
      message: 'Your card number is incorrect.',
      param: 'number',
    })
  }
  const [month, year] = facts.expires ?? [12, new Date(world.time.now() * 1000).getUTCFullYear() + 3]
  const method: Stripe.PaymentMethod = {
    ...methodOf(world, facts),
    card: {
      brand: card.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'FR',
      display_brand: card.brand,
      exp_month: month,
      exp_year: year,
      fingerprint: randomText(16),
      funding: 'credit',
      generated_from: null,
      last4: number.slice(-4),
      networks: { available: [card.brand], preferred: null },
      regulated_status: null,
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    type: 'card',
  }
  world.tables.numbers.put({ id: method.id, number, setUp: false })
  return world.tables.paymentMethods.put(method)
}

/** @throws {Failure} when the account is none of Stripe's test accounts. */
export function newAccount(world: World, given: string, facts: Method) {
  const iban = given.replaceAll(/\s/g, '').toUpperCase()
  if (!accountAt(iban))
    throw invalid('The IBAN you provided is invalid.', 'sepa_debit[iban]', 'invalid_bank_account_iban')
  const method: Stripe.PaymentMethod = {
    ...methodOf(world, facts),
    sepa_debit: {
      bank_code: iban.slice(4, 9),
      branch_code: '',
      country: iban.slice(0, 2),
      fingerprint: randomText(16),
      generated_from: null,
      last4: iban.slice(-4),
    },
    type: 'sepa_debit',
  }
  world.tables.numbers.put({ id: method.id, number: iban, setUp: false })
  return world.tables.paymentMethods.put(method)
}

const methodOf = (world: World, facts: Method) => ({
  id: newId('pm'),
  object: 'payment_method' as const,
  allow_redisplay: 'unspecified' as const,
  billing_details: billed(facts.billing),
  created: world.time.now(),
  customer: null,
  customer_account: null,
  livemode: false,
  metadata: changedMetadata({}, facts.metadata),
})

/** The method with this ID, or a new one where Stripe has it ready for tests. */
export function methodAt(world: World, id: string, param = 'payment_method'): Stripe.PaymentMethod {
  const number = readyMade[id]
  return number ? newCard(world, number, {}) : world.tables.paymentMethods.get(id, param)
}

/** @throws {Failure} when the card is declined already as it is attached. */
export function attach(world: World, method: Stripe.PaymentMethod, customer: string): Stripe.PaymentMethod {
  if (method.customer === customer) return method
  if (method.customer)
    throw invalid('The payment method you provided has already been attached to a customer.')
  const card = cardAt(world.tables.numbers.get(method.id).number)
  if (card?.declined && !card.attaches && !card.authenticate) {
    throw new Failure(402, { type: 'card_error', ...card.declined })
  }
  const attached = world.tables.paymentMethods.put({ ...method, customer })
  emit(world, 'payment_method.attached', attached)
  return attached
}

const methodsOf = (world: World, customer: string, type: string | undefined) =>
  world.tables.paymentMethods.all((method) => method.customer === customer && (!type || method.type === type))

export const paymentMethodRoutes = [
  route(
    'POST',
    '/v1/payment_methods',
    accepts<Stripe.PaymentMethodCreateParams>()({
      type: z.enum(['card', 'sepa_debit']),
      card: z
        .strictObject({ number: text, exp_month: integer, exp_year: integer, cvc: text.optional() })
        .optional(),
      sepa_debit: z.strictObject({ iban: text }).optional(),
      billing_details: billing.optional(),
      metadata: metadata.optional(),
    }),
    ({ world, params }) => {
      const facts = { billing: params.billing_details, metadata: params.metadata }
      if (params.type === 'sepa_debit' && params.sepa_debit)
        return newAccount(world, params.sepa_debit.iban, facts)
      if (params.type !== 'card' || !params.card)
        throw invalid(`Missing required param: ${params.type}.`, params.type, 'parameter_missing')
      const { number, exp_month: month, exp_year: year } = params.card
      return newCard(world, number, { ...facts, expires: [month, year] })
    },
  ),
  route(
    'POST',
    '/v1/payment_methods/:id/attach',
    accepts<Stripe.PaymentMethodAttachParams>()({ customer: text }),
    ({ world, params, ids }) => {
      const { id } = world.tables.customers.get(params.customer, 'customer')
      return attach(world, methodAt(world, ids.id), id)
    },
  ),
  route('POST', '/v1/payment_methods/:id/detach', {}, ({ world, ids }) => {
    const method = world.tables.paymentMethods.get(ids.id)
    if (!method.customer)
      throw invalid(
        'The payment method you provided is not attached to a customer so detachment is impossible.',
      )
    const detached = world.tables.paymentMethods.put({ ...method, customer: null })
    emit(world, 'payment_method.detached', detached, { customer: method.customer })
    return detached
  }),
  route(
    'POST',
    '/v1/payment_methods/:id',
    accepts<Stripe.PaymentMethodUpdateParams>()({
      metadata: metadata.optional(),
      billing_details: billing.optional(),
    }),
    ({ world, params, ids }) => {
      const method = world.tables.paymentMethods.get(ids.id)
      return change(world, 'payment_method.updated', world.tables.paymentMethods, method, {
        metadata: changedMetadata(method.metadata ?? {}, params.metadata),
        billing_details: params.billing_details ? billed(params.billing_details) : method.billing_details,
      })
    },
  ),
  route('GET', '/v1/payment_methods/:id', {}, ({ world, ids }) => world.tables.paymentMethods.get(ids.id)),
  route(
    'GET',
    '/v1/payment_methods',
    accepts<Stripe.PaymentMethodListParams>()({ ...pages, customer: text, type: text.optional() }),
    ({ world, params: { customer, type, ...params } }) =>
      pageOf(methodsOf(world, customer, type), params, '/v1/payment_methods'),
  ),
  route(
    'GET',
    '/v1/customers/:customer/payment_methods',
    accepts<Stripe.CustomerListPaymentMethodsParams>()({ ...pages, type: text.optional() }),
    ({ world, params: { type, ...params }, ids }) => {
      const { id } = world.tables.customers.get(ids.customer)
      return pageOf(methodsOf(world, id, type), params, `/v1/customers/${id}/payment_methods`)
    },
  ),
]
