import { createHash } from 'node:crypto'
import { asc, eq } from 'drizzle-orm'
import { z } from 'zod'
import { products } from '@/db/schema/catalog'
import { prices } from '@/db/schema/payments'
import { withoutScope } from '@/db/scope'
import { vendorCommand } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { asking, type Stripe } from './stripe'
import {
  type OurPrice,
  type OurProduct,
  type ProductFields,
  priceName,
  productName,
  type Step,
  stepsFor,
  type TheirPrice,
  type TheirProduct,
} from './stripe-catalog'

const RecordPrice = z.object({
  priceId: z.uuid('not_found'),
  stripePriceId: z.string().startsWith('price_'),
})

/** Keeps which price of Stripe's is one of the catalog's. */
export const recordPrice = vendorCommand(
  'price.record',
  RecordPrice,
  async ({ tx, audit, unchanged }, { priceId, stripePriceId }) => {
    const [price] = await tx.select().from(prices).where(eq(prices.id, priceId)).for('update')
    if (!price) throw new NotFound('price')
    if (price.stripePriceId === stripePriceId) return unchanged()
    await tx.update(prices).set({ stripePriceId }).where(eq(prices.id, priceId))
    audit({ details: { priceId, stripePriceId, before: price.stripePriceId } })
  },
)

/**
 * What has to be done so that Stripe's products and prices say what the catalog says; nothing is changed.
 * @throws Unavailable where Stripe does not serve us
 */
export async function catalogSteps(): Promise<Step[]> {
  const ours = await ourProducts()
  return stepsFor(ours, await theirProducts(ours))
}

/**
 * Does one of them. Done twice, also by a run that was killed before it could note it, it is done once: a product by its ID,
 * a price by its lookup key, and both by their idempotency keys.
 * @throws Unavailable where Stripe does not serve us: run again, it goes on from there
 */
export async function doStep(step: Step): Promise<void> {
  switch (step.do) {
    case 'add_product':
      return addProduct(step)
    case 'change_product':
      return changeProduct(step)
    case 'add_price':
      return addPrice(step)
    case 'set_active': {
      const { stripePriceId, active } = step
      const idempotencyKey = `price-${stripePriceId}-${active ? 'on' : 'off'}`
      await asking((stripe) => stripe.prices.update(stripePriceId, { active }, { idempotencyKey }))
      return
    }
    case 'note_price':
      return note(step.price, step.stripePriceId)
  }
}

/**
 * The recurring price of one of the catalog's that nobody has brought to Stripe yet. Only what is missing is made: what there is
 * otherwise is changed by `npm run stripe:sync`, where somebody sees it first.
 * @throws Unavailable where Stripe does not serve us
 */
export async function stripePriceOf({ id, reference }: { id: string; reference: string }): Promise<string> {
  const own = (await ourProducts()).filter((product) => product.reference === reference)
  const steps = stepsFor(own, await theirProducts(own))
  for (const step of steps) {
    const isIts =
      'price' in step ? step.price.id === id && step.do !== 'set_active' : step.do === 'add_product'
    if (isIts) await doStep(step)
  }
  const [found] = await withoutScope((tx) =>
    tx.select({ stripePriceId: prices.stripePriceId }).from(prices).where(eq(prices.id, id)),
  )
  if (!found?.stripePriceId) throw new NotFound('price')
  return found.stripePriceId
}

const note = ({ id }: OurPrice, stripePriceId: string) =>
  recordPrice({ actor: { kind: 'system' } }, { priceId: id, stripePriceId })

const digest = (value: unknown) =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 22)

const paramsOf = ({ name, description, active, reference }: ProductFields) => ({
  name,
  description: description ?? '',
  active,
  metadata: { reference: reference ?? '' },
})

async function addProduct({ reference, fields }: Extract<Step, { do: 'add_product' }>) {
  const id = productName(reference)
  const params = { id, ...paramsOf(fields) }
  const idempotencyKey = `product-${id}-${digest(fields)}`
  await asking((stripe) => stripe.products.create(params, { idempotencyKey }))
}

async function changeProduct({ reference, fields, updated }: Extract<Step, { do: 'change_product' }>) {
  const id = productName(reference)
  // What is changed there and back again within a day is another change.
  const idempotencyKey = `product-${id}-${updated}-${digest(fields)}`
  await asking((stripe) => stripe.products.update(id, paramsOf(fields), { idempotencyKey }))
}

async function addPrice({ reference, price, insteadOf }: Extract<Step, { do: 'add_price' }>) {
  const { id, currency, amount, taxBehavior, months } = price
  const params: Stripe.PriceCreateParams = {
    product: productName(reference),
    currency,
    unit_amount: amount,
    tax_behavior: taxBehavior,
    recurring: months % 12 ? every('month', months) : every('year', months / 12),
    lookup_key: priceName(id),
    ...(insteadOf && { transfer_lookup_key: true }),
  }
  const idempotencyKey = insteadOf ? `price-${id}-for-${insteadOf}` : `price-${id}`
  const made = await asking((stripe) => stripe.prices.create(params, { idempotencyKey }))
  await note(price, made.id)
}

const every = (interval: 'month' | 'year', count: number) => ({ interval, interval_count: count })

/** Those that have or had a price, with what is withdrawn. */
async function ourProducts(): Promise<OurProduct[]> {
  const rows = await withoutScope((tx) =>
    tx
      .select({ product: products, price: prices })
      .from(products)
      .innerJoin(prices, eq(prices.productId, products.id))
      .orderBy(asc(products.reference), asc(prices.id)),
  )
  return [...Map.groupBy(rows, ({ product }) => product.reference)].flatMap(([reference, of]) =>
    of.slice(0, 1).map(({ product: { name, description, withdrawnAt } }) => ({
      reference,
      name,
      description: description.en,
      sold: withdrawnAt === null,
      prices: of.map(({ price: { withdrawnAt: withdrawn, ...price } }) => ({
        ...price,
        withdrawn: withdrawn !== null,
      })),
    })),
  )
}

/** Stripe's most, of a page and of IDs that are asked for. */
const perPage = 100

async function theirProducts(ours: readonly OurProduct[]): Promise<TheirProduct[]> {
  const found: TheirProduct[] = []
  for (let from = 0; from < ours.length; from += perPage) {
    const ids = ours.slice(from, from + perPage).map(({ reference }) => productName(reference))
    const { data } = await asking((stripe) => stripe.products.list({ ids, limit: perPage }))
    for (const product of data) found.push(await withPrices(product))
  }
  return found
}

async function withPrices(product: Stripe.Product): Promise<TheirProduct> {
  const { id, name, description, active, metadata, updated } = product
  // Withdrawn ones as well.
  const list = await asking((stripe) =>
    stripe.prices.list({ product: id, limit: perPage }).autoPagingToArray({ limit: 10_000 }),
  )
  const reference = metadata.reference ?? null
  return { id, name, description, active, reference, updated, prices: list.map(priceOf) }
}

function priceOf(price: Stripe.Price): TheirPrice {
  const { id, lookup_key, active, currency, unit_amount, tax_behavior, recurring } = price
  const { interval, interval_count: count } = recurring ?? { interval: null, interval_count: 0 }
  const months = interval === 'year' ? count * 12 : interval === 'month' ? count : null
  return {
    id,
    lookupKey: lookup_key,
    active,
    currency,
    amount: unit_amount,
    taxBehavior: tax_behavior,
    months,
  }
}
