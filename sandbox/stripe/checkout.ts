import type Stripe from 'stripe'
import { z } from 'zod'
import { lineItem } from './checkout-lines'
import { checkoutParams } from './checkout-params'
import { invalid } from './failure'
import { pageOf, within } from './list'
import { expire, newSession } from './new-checkout'
import { accepts, changedMetadata, metadata, pages, span, text } from './params'
import { route } from './route'
import { idOf } from './table'
import { taxRuleOf } from './tax'
import type { World } from './world'

/** The lines as the API lists them, with the tax that is known by now. */
export function lineItemsOf(world: World, id: string): Stripe.LineItem[] {
  const session = world.tables.sessions.get(id)
  const customer = world.tables.customers.find(idOf(session.customer) ?? '')
  const rule = session.automatic_tax.enabled && customer ? taxRuleOf(world, customer) : undefined
  return world.tables.checkouts.get(id).lines.map((line) => lineItem(line, session.currency ?? 'eur', rule))
}

export const checkoutRoutes = [
  route('POST', '/v1/checkout/sessions', checkoutParams, ({ world, params }) => newSession(world, params)),
  route(
    'POST',
    '/v1/checkout/sessions/:id',
    accepts<Stripe.Checkout.SessionUpdateParams>()({ metadata: metadata.optional() }),
    ({ world, params, ids }) => {
      const session = world.tables.sessions.get(ids.id)
      return world.tables.sessions.put({
        ...session,
        metadata: changedMetadata(session.metadata ?? {}, params.metadata),
      })
    },
  ),
  route('POST', '/v1/checkout/sessions/:id/expire', {}, ({ world, ids }) => {
    const { status } = world.tables.sessions.get(ids.id)
    if (status !== 'open')
      throw invalid(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${status}\`.`,
      )
    return expire(world, ids.id)
  }),
  route(
    'GET',
    '/v1/checkout/sessions',
    accepts<Stripe.Checkout.SessionListParams>()({
      ...pages,
      created: span.optional(),
      customer: text.optional(),
      payment_intent: text.optional(),
      status: z.enum(['open', 'complete', 'expired']).optional(),
      subscription: text.optional(),
    }),
    ({ world, params }) => {
      const { created, customer, payment_intent: intent, status, subscription } = params
      const found = world.tables.sessions.all(
        (session) =>
          within(session.created, created) &&
          (!customer || session.customer === customer) &&
          (!intent || session.payment_intent === intent) &&
          (!status || session.status === status) &&
          (!subscription || session.subscription === subscription),
      )
      return pageOf(found, params, '/v1/checkout/sessions')
    },
  ),
  route('GET', '/v1/checkout/sessions/:id', {}, ({ world, ids }) => world.tables.sessions.get(ids.id)),
  route(
    'GET',
    '/v1/checkout/sessions/:id/line_items',
    accepts<Stripe.Checkout.SessionListLineItemsParams>()(pages),
    ({ world, params, ids }) =>
      pageOf(lineItemsOf(world, ids.id), params, `/v1/checkout/sessions/${ids.id}/line_items`),
  ),
]
