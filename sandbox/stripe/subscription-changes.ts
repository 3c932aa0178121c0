import type Stripe from 'stripe'
import { z } from 'zod'
import { collect, finalize } from './billing'
import { change } from './events'
import { invalid, notHere } from './failure'
import { accepts, bool, changedMetadata, clearable, integer, metadata, natural, text } from './params'
import { route } from './route'
import { end, invoicePeriod, methodOf, periodOf, plan, restart, withPeriod } from './subscribing'
import { newSubscriptionItem } from './subscription-parts'

import { timeOf, type World } from './world'

const update = accepts<Stripe.SubscriptionUpdateParams>()({
  automatic_tax: z.strictObject({ enabled: bool }).optional(),
  cancel_at: clearable(integer).optional(),
  cancel_at_period_end: bool.optional(),
  cancellation_details: z.strictObject({ comment: clearable(text).optional() }).optional(),
  collection_method: z.enum(['charge_automatically', 'send_invoice']).optional(),
  days_until_due: natural.optional(),
  default_payment_method: text.optional(),
  description: clearable(text).optional(),
  items: z
    .array(
      z.strictObject({
        id: text.optional(),
        price: text.optional(),
        quantity: natural.optional(),
        metadata: metadata.optional(),
        deleted: bool.optional(),
      }),
    )
    .optional(),
  metadata: metadata.optional(),
  off_session: bool.optional(),
  pause_collection: clearable(
    z.strictObject({
      behavior: z.enum(['keep_as_draft', 'mark_uncollectible', 'void']),
      resumes_at: integer.optional(),
    }),
  ).optional(),
  proration_behavior: z.enum(['none', 'create_prorations', 'always_invoice']).optional(),
  trial_end: text.optional(),
})

type Update = z.output<z.ZodObject<typeof update>>

function updated(world: World, before: Stripe.Subscription, params: Update): Stripe.Subscription {
  if (before.ended_at)
    throw invalid('A canceled subscription can only update its cancellation_details and metadata.')
  if ((params.items || params.trial_end !== undefined) && params.proration_behavior !== 'none') {
    throw notHere('prorations: pass proration_behavior none')
  }
  const method = params.default_payment_method
  if (method) world.tables.paymentMethods.get(method, 'default_payment_method')
  const patch: Partial<Stripe.Subscription> = {
    metadata: changedMetadata(before.metadata, params.metadata),
    ...cancellation(world, before, params),
  }
  if (method) patch.default_payment_method = method
  if (params.description !== undefined) patch.description = params.description
  if (params.collection_method) patch.collection_method = params.collection_method
  if (params.days_until_due !== undefined) patch.days_until_due = params.days_until_due
  if (params.automatic_tax)
    patch.automatic_tax = { ...before.automatic_tax, enabled: params.automatic_tax.enabled }
  if (params.pause_collection !== undefined) {
    const { pause_collection: paused } = params
    patch.pause_collection = paused && { behavior: paused.behavior, resumes_at: paused.resumes_at ?? null }
    collectAgain(world, before, paused?.resumes_at)
  }
  if (params.items) patch.items = { ...before.items, data: itemsAfter(world, before, params.items) }
  if (params.trial_end !== undefined) return withTrial(world, before, patch, params.trial_end)
  return change(world, 'customer.subscription.updated', world.tables.subscriptions, before, patch)
}

function collectAgain(world: World, { id, customer }: Stripe.Subscription, when: number | undefined) {
  const time = timeOf(world, customer)
  if (when === undefined) return time.drop(`collect ${id}`)
  time.plan(`collect ${id}`, when, () => {
    const then = world.tables.subscriptions.get(id)
    change(world, 'customer.subscription.updated', world.tables.subscriptions, then, {
      pause_collection: null,
    })
  })
}

function cancellation(
  world: World,
  before: Stripe.Subscription,
  params: Update,
): Partial<Stripe.Subscription> {
  const { cancel_at: at, cancel_at_period_end: atEnd, cancellation_details: details } = params
  const said = before.cancellation_details ?? {
    comment: null,
    feedback: null,
    feedback_option: null,
    reason: null,
  }
  const comment = details?.comment === undefined ? said.comment : details.comment
  if (at === undefined && atEnd === undefined)
    return details ? { cancellation_details: { ...said, comment } } : {}
  const time = timeOf(world, before.customer)
  const when = atEnd ? periodOf(before).end : (at ?? null)
  time.drop(`cancel ${before.id}`)
  if (when !== null && !atEnd) {
    if (when <= time.now()) throw invalid('cancel_at must be in the future.', 'cancel_at')
    time.plan(`cancel ${before.id}`, when, () =>
      end(world, world.tables.subscriptions.get(before.id), 'cancellation_requested'),
    )
  }
  return {
    cancel_at: when,
    cancel_at_period_end: atEnd ?? false,
    canceled_at: when === null ? null : time.now(),
    cancellation_details: { ...said, comment, reason: when === null ? null : 'cancellation_requested' },
  }
}

function itemsAfter(
  world: World,
  before: Stripe.Subscription,
  changes: NonNullable<Update['items']>,
): Stripe.SubscriptionItem[] {
  const period = periodOf(before)
  const now = timeOf(world, before.customer).now()
  let items = before.items.data
  for (const { id, price, quantity, deleted, ...rest } of changes) {
    const found = items.find((item) => item.id === id)
    if (id && !found) throw invalid(`No such subscription_item: '${id}'`, 'items', 'resource_missing')
    const priced = price ? world.tables.prices.get(price, 'items') : found?.price
    if (!priced) throw invalid('Missing required param: items[price].', 'items', 'parameter_missing')
    if (priced.recurring?.interval !== before.items.data[0]?.price.recurring?.interval)
      throw notHere('a change of the billing interval')
    const facts = {
      price: priced,
      quantity: quantity ?? found?.quantity ?? 1,
      metadata: changedMetadata(found?.metadata ?? {}, rest.metadata),
    }
    const next = newSubscriptionItem(before.id, facts, period, found?.created ?? now)
    if (!found) items = [...items, next]
    else if (deleted) items = items.filter((item) => item.id !== id)
    else items = items.map((item) => (item.id === id ? { ...next, id: item.id } : item))
  }
  if (items.length === 0) throw invalid('A subscription must have at least one active item.', 'items')
  return items
}

/**
 * Moves the next charge: until then the subscription is in a trial, which begins with an invoice of nothing. `now` ends a
 * trial, and bills the period that begins.
 */
function withTrial(
  world: World,
  before: Stripe.Subscription,
  patch: Partial<Stripe.Subscription>,
  given: string,
): Stripe.Subscription {
  const now = timeOf(world, before.customer).now()
  const ends = given === 'now'
  const until = ends ? now : Number(given)
  if (!Number.isInteger(until) || (!ends && until <= now)) {
    throw invalid('Invalid timestamp: must be an integer Unix timestamp in the future.', 'trial_end')
  }
  const moved = ends
    ? restart({ ...before, ...patch }, now)
    : withPeriod({ ...before, ...patch, billing_cycle_anchor: until }, { start: now, end: until })
  const next = world.tables.subscriptions.put<Stripe.Subscription>({
    ...moved,
    status: ends ? 'active' : 'trialing',
    trial_end: until,
    trial_start: before.trial_start ?? now,
  })
  const bill = invoicePeriod(world, next, 'subscription_update', { trial: !ends, advances: false })
  const invoice = finalize(world, bill)
  world.tables.subscriptions.put(before)
  const after = change(world, 'customer.subscription.updated', world.tables.subscriptions, before, {
    ...next,
    latest_invoice: invoice.id,
  })
  plan(world, after)
  if (invoice.status === 'open') collect(world, invoice, methodOf(world, after), { offSession: true })
  return world.tables.subscriptions.get(after.id)
}

export const subscriptionChangeRoutes = [
  route('POST', '/v1/subscriptions/:id', update, ({ world, params, ids }) =>
    updated(world, world.tables.subscriptions.get(ids.id), params),
  ),
  route(
    'GET',
    '/v1/subscription_items',
    accepts<Stripe.SubscriptionItemListParams>()({ subscription: text }),
    ({ world, params }) => world.tables.subscriptions.get(params.subscription, 'subscription').items,
  ),
  route('GET', '/v1/subscription_items/:id', {}, ({ world, ids }) => {
    const items = world.tables.subscriptions.all().flatMap((subscription) => subscription.items.data)
    const item = items.find(({ id }) => id === ids.id)
    if (!item) throw invalid(`No such subscription_item: '${ids.id}'`, 'id', 'resource_missing')
    return item
  }),
]
