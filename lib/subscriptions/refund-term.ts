import { and, asc, eq, inArray, isNotNull, isNull, ne, or, sql } from 'drizzle-orm'
import { products } from '@/db/schema/catalog'
import { keys, restorations, revocations } from '@/db/schema/keys'
import { termRefunds, terms } from '@/db/schema/subscriptions'
import type { Scope } from '@/lib/command'
import { newId } from '@/lib/ids'
import { stopPayments } from '@/lib/jobs/align-renewals'
import { at } from '@/lib/keys/issue'
import { lockKey } from '@/lib/keys/lock'
import { mayRevoke } from '@/lib/keys/rules'
import { countingTerms } from './add-term'
import { alignAfter } from './align-after'
import { worksFrom } from './rules'

export type RefundReason = (typeof termRefunds.$inferSelect)['reason']

interface Refunded {
  termId: string
  reason: RefundReason
  /** Stripe's ID of what took the money back. */
  because: string
}

/**
 * Takes a term out of what is paid and revokes its keys, in the caller's transaction; the key before is again the last. The
 * subscription must be locked: see `lockSubscription`. @returns the IDs of the revocations; null where it was taken out before
 */
export async function refundTerm(
  scope: Scope,
  { termId, reason, because }: Refunded,
): Promise<string[] | null> {
  const { tx, organizationId, now } = scope
  const added = await tx
    .insert(termRefunds)
    .values({ id: newId(now), organizationId, termId, reason, because, refundedAt: now })
    .onConflictDoNothing()
    .returning({ id: termRefunds.id })
  if (added.length === 0) return null
  const ofTerm = and(eq(keys.organizationId, organizationId), eq(keys.termId, termId))
  await tx
    .update(terms)
    .set({ refundedAt: now })
    .where(and(eq(terms.organizationId, organizationId), eq(terms.id, termId)))
  await alignOf(scope, termId)
  const its = await tx.update(keys).set({ refundedAt: now }).where(ofTerm).returning({ id: keys.id })
  await tx.update(keys).set({ renewedAt: null, replacedAt: null }).where(keyBefore(organizationId, termId))
  const revoked: string[] = []
  for (const { id } of its) revoked.push(...(await revoke(scope, id, reason)))
  await startKeys(scope, termId)
  return revoked
}

async function revoke({ tx, organizationId, now, audit }: Scope, keyId: string, reason: RefundReason) {
  const key = await lockKey(tx, organizationId, keyId)
  if (!mayRevoke(key, now).ok) return []
  const id = newId(now)
  await tx.insert(revocations).values({ id, organizationId, keyId, reason, revokedAt: now })
  await stopPayments(tx, organizationId, keyId)
  const details = { shortId: key.shortId, product: key.product.name, reason, note: null }
  audit({ action: 'key.revoke', keyId, ...at(key.instanceId), details })
  return [id]
}

/**
 * Counts a term as paid again that a dispute had taken out, and undoes what that revoked. The subscription must be locked.
 * @returns the IDs of the revocations; null where its days were paid otherwise meanwhile, or another key has taken its place: then it stays as it is
 */
export async function restoreTerm(scope: Scope, termId: string): Promise<string[] | null> {
  const { tx, organizationId, now } = scope
  if (!(await isFree(scope, termId))) return null
  const ofTerm = and(eq(keys.organizationId, organizationId), eq(keys.termId, termId))
  await tx
    .update(termRefunds)
    .set({ restoredAt: now })
    .where(
      and(
        eq(termRefunds.organizationId, organizationId),
        eq(termRefunds.termId, termId),
        isNull(termRefunds.restoredAt),
      ),
    )
  await tx
    .update(terms)
    .set({ refundedAt: null })
    .where(and(eq(terms.organizationId, organizationId), eq(terms.id, termId)))
  await alignOf(scope, termId)
  const its = await tx.update(keys).set({ refundedAt: null }).where(ofTerm).returning()
  const restored: string[] = []
  for (const { id, issuedAt, firstSeenAt, followsId } of its) {
    if (followsId)
      await tx
        .update(keys)
        .set({ renewedAt: issuedAt, replacedAt: firstSeenAt })
        .where(
          and(
            eq(keys.organizationId, organizationId),
            eq(keys.id, followsId),
            or(isNull(keys.termId), ne(keys.termId, termId)),
          ),
        )
    restored.push(...(await restore(scope, id)))
  }
  await startKeys(scope, termId)
  return restored
}

async function restore({ tx, organizationId, now, audit }: Scope, keyId: string) {
  const key = await lockKey(tx, organizationId, keyId)
  const lifted = await tx
    .update(revocations)
    .set({ restoredAt: now })
    .where(
      and(
        eq(revocations.organizationId, organizationId),
        eq(revocations.keyId, keyId),
        eq(revocations.reason, 'disputed'),
        // What somebody has revoked by hand stays so.
        isNull(revocations.revokedById),
        isNull(revocations.restoredAt),
      ),
    )
    .returning({ revocationId: revocations.id })
  for (const { revocationId } of lifted) {
    await tx.insert(restorations).values({ revocationId, organizationId, restoredAt: now })
    const details = { shortId: key.shortId, product: key.product.name, note: null }
    audit({ action: 'key.restore', keyId, ...at(key.instanceId), details })
  }
  return lifted.map(({ revocationId }) => revocationId)
}

async function alignOf({ tx, organizationId }: Scope, termId: string) {
  const [term] = await tx
    .select({ subscriptionId: terms.subscriptionId })
    .from(terms)
    .where(and(eq(terms.organizationId, organizationId), eq(terms.id, termId)))
  if (term) await alignAfter(tx, organizationId, term.subscriptionId)
}

/** Lets the keys of the subscription's terms that count begin when `worksFrom` says. */
async function startKeys({ tx, organizationId, audit }: Scope, termId: string) {
  const ofTerm = and(eq(terms.organizationId, organizationId), eq(terms.id, termId))
  const [its] = await tx.select({ subscriptionId: terms.subscriptionId }).from(terms).where(ofTerm)
  if (!its) return
  const counting = await countingTerms(tx, organizationId, its.subscriptionId)
  const issued = await tx
    .select({ term: terms, key: keys, product: products.name })
    .from(terms)
    .innerJoin(keys, and(eq(keys.organizationId, terms.organizationId), eq(keys.termId, terms.id)))
    .innerJoin(products, eq(products.id, keys.productId))
    .where(
      and(
        eq(terms.organizationId, organizationId),
        eq(terms.subscriptionId, its.subscriptionId),
        isNull(terms.refundedAt),
      ),
    )
    .orderBy(asc(keys.id))
  for (const { term, key, product } of issued) {
    const startsAt = worksFrom(key.issuedAt, term.startsAt, counting)
    if (startsAt.getTime() === key.startsAt.getTime()) continue
    await tx
      .update(keys)
      .set({ startsAt })
      .where(and(eq(keys.organizationId, organizationId), eq(keys.id, key.id)))
    const details = { shortId: key.shortId, product, starts: startsAt.toISOString() }
    audit({ action: 'key.start', keyId: key.id, ...at(key.instanceId), details })
  }
}

/** The key of the term before, from which the refunded one had taken over. */
const keyBefore = (organizationId: string, termId: string) =>
  and(
    eq(keys.organizationId, organizationId),
    inArray(
      keys.id,
      sql`(select k.follows_id from keys k where k.organization_id = ${organizationId} and k.term_id = ${termId})`,
    ),
    or(isNull(keys.termId), ne(keys.termId, termId)),
    isNotNull(keys.renewedAt),
  )

async function isFree({ tx, organizationId }: Scope, termId: string): Promise<boolean> {
  const { rows } =
    await tx.execute(sql`select from terms t join terms o on o.organization_id = t.organization_id
      and o.subscription_id = t.subscription_id and o.refunded_at is null
      and tstzrange(o.starts_at, o.ends_at) && tstzrange(t.starts_at, t.ends_at)
    where t.organization_id = ${organizationId} and t.id = ${termId}
    union all
    select from keys k join keys n on n.organization_id = k.organization_id and n.follows_id = k.follows_id
      and n.id <> k.id and n.refunded_at is null
    where k.organization_id = ${organizationId} and k.term_id = ${termId}`)
  return rows.length === 0
}
