import { z } from 'zod'
import { subscriptions, terms } from '@/db/schema/subscriptions'
import { command } from '@/lib/command'
import { Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { at, productToIssue, writeKey } from '@/lib/keys/issue'
import { timeZoneOf } from '@/lib/organizations/queries'
import { nextTerm } from './rules'

const StartSubscription = z.object({
  productId: z.uuid('not_found'),
  instanceId: z.uuid('not_found').nullable(),
  months: z.number().int().min(1).max(60).default(12),
})

/**
 * Begins a subscription: its first term, and the key of that term.
 * @throws Refused `not_sold_by_term` for a product with permanent keys.
 */
export const startSubscription = command(
  'subscription.start',
  StartSubscription,
  async ({ tx, organizationId, now, audit }, { productId, instanceId, months }) => {
    const product = await productToIssue(tx, productId)
    if (product.keyKind !== 'subscription') throw new Refused('not_sold_by_term', { product: product.name })
    const span = nextTerm(null, months, product.overlapDays, await timeZoneOf(tx, organizationId), now)
    const subscriptionId = newId(now)
    await tx.insert(subscriptions).values({ id: subscriptionId, organizationId, productId, createdAt: now })
    const term = { id: newId(now), organizationId, subscriptionId, ordinal: 1, createdAt: now }
    await tx.insert(terms).values({ ...term, startsAt: span.startsAt, endsAt: span.endsAt })
    const key = await writeKey(tx, {
      organizationId,
      product,
      kind: 'subscription',
      instanceId,
      term: { id: term.id, endsAt: span.endsAt },
      startsAt: now,
      expiresAt: span.keyExpiresAt,
      now,
    })
    const details = { shortId: key.shortId, product: product.name, until: span.endsAt.toISOString() }
    audit({ keyId: key.id, ...at(instanceId), details })
    return { subscriptionId, keyId: key.id, shortId: key.shortId }
  },
  { once: true },
)
