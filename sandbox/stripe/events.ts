import Stripe from 'stripe'
import { z } from 'zod'
import { missing } from './failure'
import { newId } from './ids'
import { pageOf, within } from './list'
import { accepts, bool, pages, span, text } from './params'
import { route } from './route'
import type { Table } from './table'
import { timeOf, type World } from './world'

/** What an event of each type shows. */
type Shown = { [Event in Stripe.Event as Event['type']]: Event['data']['object'] }
type Type = keyof Shown

/** Says what happened. The object is shown as it is now: objects are replaced, never changed. */
export function emit<T extends Type>(world: World, type: T, object: Shown[T], previous?: Partial<Shown[T]>) {
  const event: Stripe.EventBase = {
    id: newId('evt'),
    object: 'event',
    api_version: Stripe.API_VERSION,
    created: timeOf(world, customerOf(object)).now(),
    data: previous ? { object, previous_attributes: previous } : { object },
    livemode: false,
    pending_webhooks: 0,
    request: {
      id: world.request?.id ?? null,
      idempotency_key: world.request?.idempotencyKey ?? null,
    },
    type,
  }
  world.tables.events.put(event)
  world.emitted.set(event.id, world.time.now())
  world.deliver(event)
}

function customerOf(object: object): string | null {
  const customer = Reflect.get(object, 'object') === 'customer' ? object : Reflect.get(object, 'customer')
  if (typeof customer === 'string') return customer
  const id = customer ? Reflect.get(customer, 'id') : null
  return typeof id === 'string' ? id : null
}

/** Replaces an object and says so, with what it was before. Nothing is said when nothing changed. */
export function change<E extends Type, T extends Shown[E] & { id: string }>(
  world: World,
  type: E,
  table: Table<T>,
  object: T,
  patch: Partial<T>,
): T {
  const { after, previous } = changed(object, patch)
  if (!previous) return object
  table.put(after)
  emit(world, type, after, previous)
  return after
}

/** @returns previous: what the changed fields were; undefined when none was changed */
function changed<T extends object>(object: T, patch: Partial<T>): { after: T; previous?: Partial<T> } {
  const after = { ...object, ...patch }
  const previous: Partial<T> = {}
  for (const name in patch) {
    if (JSON.stringify(object[name]) !== JSON.stringify(after[name])) previous[name] = object[name]
  }
  return Object.keys(previous).length > 0 ? { after, previous } : { after }
}

const matches = (pattern: string, type: string) =>
  pattern === type || (pattern.endsWith('*') && type.startsWith(pattern.slice(0, -1)))

const month = 30 * 24 * 60 * 60

/** Stripe shows the events of the last 30 days. */
const isShown = (world: World, { id }: Stripe.EventBase) =>
  (world.emitted.get(id) ?? 0) > world.time.now() - month

export const eventRoutes = [
  route(
    'GET',
    '/v1/events',
    accepts<Stripe.EventListParams>()({
      ...pages,
      created: span.optional(),
      delivery_success: bool.optional(),
      type: text.optional(),
      types: z.array(text).max(20).optional(),
    }),
    ({ world, params }) => {
      const { type, types, delivery_success: delivered } = params
      const found = world.tables.events.all(
        (event) =>
          isShown(world, event) &&
          within(event.created, params.created) &&
          (!type || matches(type, event.type)) &&
          (!types || types.includes(event.type)) &&
          (delivered === undefined || delivered === (event.pending_webhooks === 0)),
      )
      return pageOf(found, params, '/v1/events')
    },
  ),
  route('GET', '/v1/events/:id', {}, ({ world, ids }) => {
    const event = world.tables.events.get(ids.id)
    if (!isShown(world, event)) throw missing('event', ids.id)
    return event
  }),
]
