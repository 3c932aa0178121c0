import { and, desc, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { keys } from '@/db/schema/keys'
import { subscriptions, terms } from '@/db/schema/subscriptions'
import type { OrganizationTx } from '@/db/scope'
import { command } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { at, productToIssue, writeKey } from '@/lib/keys/issue'
import { timeZoneOf } from '@/lib/organizations/queries'
import { longestTerm, nextTerm } from './rules'

const RenewSubscription = z.object({
  subscriptionId: z.uuid('not_found'),
  months: z.number().int().min(1).max(longestTerm).default(12),
})

/**
 * Adds the next term and issues its key at once; the old key lives to its own end (DESIGN §2, rule 2). Two renewals at
 * the same moment are two terms, one after the other: whoever may not want that brings one idempotency key.
 */
export const renewSubscription = command(
  'subscription.renew',
  RenewSubscription,
  async ({ tx, organizationId, now, audit }, { subscriptionId, months }) => {
    const { productId } = await lockSubscription(tx, organizationId, subscriptionId)
    const product = await productToIssue(tx, productId)
    const last = await lastTerm(tx, organizationId, subscriptionId)
    const span = nextTerm(
      { termEndsAt: last.term.endsAt, keyExpiresAt: last.key.expiresAt ?? last.term.endsAt },
      months,
      product.overlapDays,
      await timeZoneOf(tx, organizationId),
      now,
    )
    const term = {
      id: newId(now),
      organizationId,
      subscriptionId,
      ordinal: last.term.ordinal + 1,
      createdAt: now,
    }
    await tx.insert(terms).values({ ...term, startsAt: span.startsAt, endsAt: span.endsAt })
    const key = await writeKey(tx, {
      organizationId,
      product,
      kind: 'subscription',
      instanceId: last.key.instanceId,
      term: { id: term.id, endsAt: span.endsAt },
      followsId: last.key.id,
      startsAt: now,
      expiresAt: span.keyExpiresAt,
      now,
    })
    await tx
      .update(keys)
      .set({ renewedAt: now })
      .where(and(eq(keys.organizationId, organizationId), eq(keys.id, last.key.id)))
    audit({
      keyId: key.id,
      ...at(last.key.instanceId),
      details: {
        shortId: key.shortId,
        follows: last.key.shortId,
        product: product.name,
        until: span.endsAt.toISOString(),
      },
    })
    return { keyId: key.id, shortId: key.shortId }
  },
  { once: true },
)

async function lockSubscription(tx: OrganizationTx, organizationId: string, subscriptionId: string) {
  const [subscription] = await tx
    .select()
    .from(subscriptions)
    .where(and(eq(subscriptions.organizationId, organizationId), eq(subscriptions.id, subscriptionId)))
    .for('update')
  if (!subscription) throw new NotFound('subscription')
  return subscription
}

async function lastTerm(tx: OrganizationTx, organizationId: string, subscriptionId: string) {
  const [last] = await tx
    .select({ term: terms, key: keys })
    .from(terms)
    .innerJoin(keys, and(eq(keys.organizationId, terms.organizationId), eq(keys.termId, terms.id)))
    .where(
      and(
        eq(terms.organizationId, organizationId),
        eq(terms.subscriptionId, subscriptionId),
        isNull(keys.supersededAt),
      ),
    )
    .orderBy(desc(terms.ordinal))
    .limit(1)
  if (!last) throw new NotFound('term')
  return last
}
