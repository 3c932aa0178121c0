import type Stripe from 'stripe'
import { z } from 'zod'
import { change, emit } from './events'
import { invalid } from './failure'
import { newId } from './ids'
import { pageOf, within } from './list'
import { accepts, bool, changedMetadata, clearable, given, metadata, pages, span, text } from './params'
import { route } from './route'
import type { World } from './world'

const changeable = {
  active: bool.optional(),
  description: clearable(text).optional(),
  images: z.array(text).max(8).optional(),
  metadata: metadata.optional(),
  statement_descriptor: text.max(22).optional(),
  tax_code: clearable(text).optional(),
  unit_label: clearable(text).optional(),
  url: clearable(text).optional(),
}

const create = accepts<Stripe.ProductCreateParams>()({
  ...changeable,
  id: text.optional(),
  name: text.min(1),
  shippable: bool.optional(),
})

interface ProductFacts {
  id?: string | undefined
  name: string
  active?: boolean | undefined
  description?: string | null | undefined
  images?: string[] | undefined
  metadata?: Record<string, string> | null | undefined
  shippable?: boolean | undefined
  statement_descriptor?: string | undefined
  tax_code?: string | null | undefined
  unit_label?: string | null | undefined
  url?: string | null | undefined
}

/** @throws {import('./failure').Failure} when the ID that the caller chose is taken. */
export function newProduct(world: World, facts: ProductFacts): Stripe.Product {
  if (facts.id && world.tables.products.find(facts.id)) {
    throw invalid('Product already exists.', 'id', 'resource_already_exists')
  }
  const created = world.time.now()
  const product: Stripe.Product = {
    id: facts.id ?? newId('prod', 14),
    object: 'product',
    active: facts.active ?? true,
    created,
    default_price: null,
    description: facts.description ?? null,
    images: facts.images ?? [],
    livemode: false,
    marketing_features: [],
    metadata: changedMetadata({}, facts.metadata),
    name: facts.name,
    package_dimensions: null,
    shippable: facts.shippable ?? null,
    statement_descriptor: facts.statement_descriptor ?? null,
    tax_code: facts.tax_code ?? null,
    tax_details: null,
    type: 'service',
    unit_label: facts.unit_label ?? null,
    updated: created,
    url: facts.url ?? null,
  }
  world.tables.products.put(product)
  emit(world, 'product.created', product)
  return product
}

export const productRoutes = [
  route('POST', '/v1/products', create, ({ world, params }) => newProduct(world, params)),
  route(
    'POST',
    '/v1/products/:id',
    accepts<Stripe.ProductUpdateParams>()({
      ...changeable,
      name: text.min(1).optional(),
      default_price: clearable(text).optional(),
    }),
    ({ world, params, ids }) => {
      const product = world.tables.products.get(ids.id)
      const { metadata: more, default_price: price } = params
      if (price && world.tables.prices.get(price, 'default_price').product !== product.id) {
        throw invalid(`The price specified does not belong to product ${product.id}.`, 'default_price')
      }
      return change(world, 'product.updated', world.tables.products, product, {
        ...given(params),
        metadata: changedMetadata(product.metadata, more),
        updated: world.time.now(),
      })
    },
  ),
  route(
    'GET',
    '/v1/products',
    accepts<Stripe.ProductListParams>()({
      ...pages,
      active: bool.optional(),
      created: span.optional(),
      ids: z.array(text).optional(),
    }),
    ({ world, params: { active, created, ids, ...params } }) => {
      const found = world.tables.products.all(
        (product) =>
          within(product.created, created) &&
          (active === undefined || product.active === active) &&
          (!ids || ids.includes(product.id)),
      )
      return pageOf(found, params, '/v1/products')
    },
  ),
  route('GET', '/v1/products/:id', {}, ({ world, ids }) => world.tables.products.get(ids.id)),
  route('DELETE', '/v1/products/:id', {}, ({ world, ids }) => {
    const product = world.tables.products.get(ids.id)
    if (world.tables.prices.all(({ product: of }) => of === product.id).length > 0) {
      throw invalid('This product cannot be deleted because it has one or more user-created prices.')
    }
    world.tables.products.remove(product.id)
    emit(world, 'product.deleted', product)
    const deleted: Stripe.DeletedProduct = { id: product.id, object: 'product', deleted: true }
    return deleted
  }),
]
