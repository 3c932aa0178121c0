import Stripe from 'stripe'
import { z } from 'zod'
import { invalid } from './failure'
import { newId, randomText } from './ids'
import { pageOf } from './list'
import { accepts, bool, changedMetadata, metadata, pages, text } from './params'
import { route } from './route'
import type { World } from './world'

interface EndpointFacts {
  url: string
  enabled_events: string[]
  description?: string | undefined
  metadata?: Record<string, string> | null | undefined
  /** Known beforehand, where the demo tells the portal. */
  secret?: string
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** @throws {import('./failure').Failure} when it is not on this machine: made-up events go nowhere else. */
export function newEndpoint(world: World, facts: EndpointFacts): Stripe.WebhookEndpoint {
  assertNear(facts.url)
  const endpoint: Stripe.WebhookEndpoint = {
    id: newId('we'),
    object: 'webhook_endpoint',
    api_version: Stripe.API_VERSION,
    application: null,
    created: world.time.now(),
    description: facts.description ?? null,
    enabled_events: facts.enabled_events,
    livemode: false,
    metadata: changedMetadata({}, facts.metadata),
    status: 'enabled',
    url: facts.url,
  }
  const secret = facts.secret ?? `whsec_${randomText(32)}`
  world.tables.webhookEndpoints.put(endpoint)
  world.tables.webhookSecrets.put({ id: endpoint.id, secret })
  return { ...endpoint, secret }
}

function assertNear(url: string) {
  if (!URL.canParse(url))
    throw invalid('Invalid URL: An explicit scheme (such as https) must be provided.', 'url', 'url_invalid')
  if (!loopback.has(new URL(url).hostname))
    throw invalid('Invalid URL: the stand-in sends to this machine alone.', 'url', 'url_invalid')
}

const events = z.array(text).min(1)

export const webhookEndpointRoutes = [
  route(
    'POST',
    '/v1/webhook_endpoints',
    accepts<Stripe.WebhookEndpointCreateParams>()({
      api_version: z.literal(Stripe.API_VERSION).optional(),
      description: text.optional(),
      enabled_events: events,
      metadata: metadata.optional(),
      url: text,
    }),
    ({ world, params }) => newEndpoint(world, params),
  ),
  route(
    'POST',
    '/v1/webhook_endpoints/:id',
    accepts<Stripe.WebhookEndpointUpdateParams>()({
      description: text.optional(),
      disabled: bool.optional(),
      enabled_events: events.optional(),
      metadata: metadata.optional(),
      url: text.optional(),
    }),
    ({ world, params, ids }) => {
      const endpoint = world.tables.webhookEndpoints.get(ids.id)
      if (params.url) assertNear(params.url)
      const { disabled } = params
      return world.tables.webhookEndpoints.put({
        ...endpoint,
        description: params.description ?? endpoint.description,
        enabled_events: params.enabled_events ?? endpoint.enabled_events,
        metadata: changedMetadata(endpoint.metadata, params.metadata),
        status: disabled === undefined ? endpoint.status : disabled ? 'disabled' : 'enabled',
        url: params.url ?? endpoint.url,
      })
    },
  ),
  route(
    'GET',
    '/v1/webhook_endpoints',
    accepts<Stripe.WebhookEndpointListParams>()(pages),
    ({ world, params }) => pageOf(world.tables.webhookEndpoints.all(), params, '/v1/webhook_endpoints'),
  ),
  route('GET', '/v1/webhook_endpoints/:id', {}, ({ world, ids }) =>
    world.tables.webhookEndpoints.get(ids.id),
  ),
  route('DELETE', '/v1/webhook_endpoints/:id', {}, ({ world, ids }) => {
    const { id } = world.tables.webhookEndpoints.get(ids.id)
    world.tables.webhookEndpoints.remove(id)
    const deleted: Stripe.DeletedWebhookEndpoint = { id, object: 'webhook_endpoint', deleted: true }
    return deleted
  }),
]
