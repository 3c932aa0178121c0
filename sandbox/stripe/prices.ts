import Stripe from 'stripe'
import { z } from 'zod'
import { change, emit } from './events'
import { invalid } from './failure'
import { newId } from './ids'
import { pageOf, within } from './list'
import {
  accepts,
  bool,
  changedMetadata,
  currency,
  integer,
  metadata,
  natural,
  pages,
  span,
  text,
} from './params'
import { newProduct } from './products'
import { route } from './route'
import { idOf } from './table'
import type { World } from './world'

export const taxBehavior = z.enum(['exclusive', 'inclusive', 'unspecified'])
export const amount = natural.refine((number) => number <= 99_999_999, 'an amount has 8 digits at most')

export const recurring = z.strictObject({
  interval: z.enum(['day', 'week', 'month', 'year']),
  interval_count: integer.refine((count) => count >= 1).optional(),
  usage_type: z.enum(['licensed']).optional(),
})

const currencyOptions = z.record(
  currency,
  z.strictObject({ unit_amount: amount, tax_behavior: taxBehavior.optional() }),
)

const create = accepts<Stripe.PriceCreateParams>()({
  active: bool.optional(),
  currency,
  currency_options: currencyOptions.optional(),
  lookup_key: text.max(200).optional(),
  metadata: metadata.optional(),
  nickname: text.optional(),
  product: text.optional(),
  product_data: z
    .strictObject({ name: text, metadata: metadata.optional(), tax_code: text.optional() })
    .optional(),
  recurring: recurring.optional(),
  tax_behavior: taxBehavior.optional(),
  transfer_lookup_key: bool.optional(),
  unit_amount: amount,
})

type PriceFacts = {
  active?: boolean | undefined
  currency: string
  currency_options?: z.output<typeof currencyOptions> | undefined
  lookup_key?: string | undefined
  metadata?: Record<string, string> | null | undefined
  nickname?: string | undefined
  recurring?: z.output<typeof recurring> | undefined
  tax_behavior?: string | undefined
  unit_amount: number
}

const optionOf = (unitAmount: number, behavior: string): Stripe.Price.CurrencyOptions => ({
  custom_unit_amount: null,
  tax_behavior: behavior,
  unit_amount: unitAmount,
  unit_amount_decimal: Stripe.Decimal.from(String(unitAmount)),
})

export function newPrice(world: World, product: string, facts: PriceFacts): Stripe.Price {
  const behavior = facts.tax_behavior ?? 'unspecified'
  const option = optionOf(facts.unit_amount, behavior)
  const price: Stripe.Price = {
    id: newId('price'),
    object: 'price',
    active: facts.active ?? true,
    billing_scheme: 'per_unit',
    created: world.time.now(),
    currency: facts.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: facts.lookup_key ?? null,
    metadata: changedMetadata({}, facts.metadata),
    nickname: facts.nickname ?? null,
    product,
    recurring: facts.recurring
      ? {
          interval: facts.recurring.interval,
          interval_count: facts.recurring.interval_count ?? 1,
          meter: null,
          trial_period_days: null,
          usage_type: 'licensed',
        }
      : null,
    tax_behavior: behavior,
    tiers_mode: null,
    transform_quantity: null,
    type: facts.recurring ? 'recurring' : 'one_time',
    unit_amount: option.unit_amount,
    unit_amount_decimal: option.unit_amount_decimal,
  }
  const options: Record<string, Stripe.Price.CurrencyOptions> = { [price.currency]: option }
  for (const [code, one] of Object.entries(facts.currency_options ?? {})) {
    options[code] = optionOf(one.unit_amount, one.tax_behavior ?? behavior)
  }
  world.tables.currencyOptions.put({ id: price.id, options })
  return world.tables.prices.put(price)
}

/** @throws {import('./failure').Failure} when neither a product nor its data is named. */
export function dataOf<T>(data: T | undefined): T {
  if (!data)
    throw invalid('You must specify either `product` or `product_data`.', 'product', 'parameter_missing')
  return data
}

function takeLookupKey(world: World, key: string | undefined, transfer: boolean | undefined) {
  const holder = key && world.tables.prices.all((price) => price.lookup_key === key)[0]
  if (!holder) return
  if (!transfer) throw invalid(`A price (\`${holder.id}\`) already uses that lookup key.`, 'lookup_key')
  change(world, 'price.updated', world.tables.prices, holder, { lookup_key: null })
}

export const priceRoutes = [
  route('POST', '/v1/prices', create, ({ world, params }) => {
    takeLookupKey(world, params.lookup_key, params.transfer_lookup_key)
    const product = params.product
      ? world.tables.products.get(params.product, 'product').id
      : newProduct(world, dataOf(params.product_data)).id
    const price = newPrice(world, product, params)
    emit(world, 'price.created', price)
    return price
  }),
  route(
    'POST',
    '/v1/prices/:id',
    accepts<Stripe.PriceUpdateParams>()({
      active: bool.optional(),
      currency_options: currencyOptions.optional(),
      lookup_key: text.max(200).optional(),
      metadata: metadata.optional(),
      nickname: text.optional(),
      tax_behavior: taxBehavior.optional(),
      transfer_lookup_key: bool.optional(),
    }),
    ({ world, params, ids }) => {
      const price = world.tables.prices.get(ids.id)
      const { tax_behavior: behavior, lookup_key: key } = params
      if (behavior && price.tax_behavior !== 'unspecified' && behavior !== price.tax_behavior) {
        throw invalid('You cannot change the tax_behavior of a price once it has been set.', 'tax_behavior')
      }
      if (key && key !== price.lookup_key) takeLookupKey(world, key, params.transfer_lookup_key)
      const kept = world.tables.currencyOptions.get(price.id).options
      const options = { ...kept }
      for (const [code, one] of Object.entries(params.currency_options ?? {})) {
        options[code] = optionOf(
          one.unit_amount,
          one.tax_behavior ?? behavior ?? price.tax_behavior ?? 'unspecified',
        )
      }
      world.tables.currencyOptions.put({ id: price.id, options })
      return change(world, 'price.updated', world.tables.prices, price, {
        active: params.active ?? price.active,
        lookup_key: key ?? price.lookup_key,
        metadata: changedMetadata(price.metadata, params.metadata),
        nickname: params.nickname ?? price.nickname,
        tax_behavior: behavior ?? price.tax_behavior,
      })
    },
  ),
  route(
    'GET',
    '/v1/prices',
    accepts<Stripe.PriceListParams>()({
      ...pages,
      active: bool.optional(),
      created: span.optional(),
      currency: currency.optional(),
      lookup_keys: z.array(text).max(10).optional(),
      product: text.optional(),
      type: z.enum(['one_time', 'recurring']).optional(),
    }),
    ({ world, params }) => {
      const { active, lookup_keys: keys, product, type } = params
      const found = world.tables.prices.all(
        (price) =>
          within(price.created, params.created) &&
          (active === undefined || price.active === active) &&
          (!params.currency || price.currency === params.currency) &&
          (!keys || keys.includes(price.lookup_key ?? '')) &&
          (!product || idOf(price.product) === product) &&
          (!type || price.type === type),
      )
      return pageOf(found, params, '/v1/prices')
    },
  ),
  route('GET', '/v1/prices/:id', {}, ({ world, ids }) => world.tables.prices.get(ids.id)),
]
