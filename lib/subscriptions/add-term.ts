import { and, desc, eq, gt, isNull, sql } from 'drizzle-orm'
import { keys, revocations } from '@/db/schema/keys'
import { subscriptions, terms } from '@/db/schema/subscriptions'
import type { OrganizationTx } from '@/db/scope'
import type { AuditEntry } from '@/lib/audit/append'
import { NotFound } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { at, type Product, writeKey } from '@/lib/keys/issue'
import { outlastsPayment } from '@/lib/keys/rules'
import { timeZoneOf } from '@/lib/organizations/queries'
import { alignAfter } from './align-after'
import { nextTerm, paidUntil, type Span, worksFrom } from './rules'

interface Begun {
  organizationId: string
  product: Product
  /** Null for a product that is bound to the whole organization. */
  instanceId: string | null
  months: number
  /** It is paid already, so that nothing that happened since may keep the key back. */
  paid?: true
  now: Date
}

/** What has come of a term, and what the audit trail says of it. */
export interface Issued {
  subscriptionId: string
  termId: string
  keyId: string
  shortId: string
  entry: Pick<AuditEntry, 'instanceId' | 'keyId'> & { details: Record<string, string> }
  /** What the trail says of its key's revocation; null where it was not revoked. */
  revoked: Pick<AuditEntry, 'instanceId' | 'keyId' | 'details'> | null
}

/**
 * Begins a subscription in the caller's transaction: its first term, and the key of that term, which takes over from that of
 * a trial that runs in the same place (DESIGN §2, rule 7). The trial's goes on working to its own end.
 * @throws as `writeKey` does
 */
export async function beginSubscription(tx: OrganizationTx, begun: Begun): Promise<Issued> {
  const { organizationId, product, instanceId, months, paid, now } = begun
  const trialId = await runningTrial(tx, begun)
  const span = nextTerm(null, months, product.overlapDays, await timeZoneOf(tx, organizationId), now)
  const subscriptionId = newId(now)
  await tx
    .insert(subscriptions)
    .values({ id: subscriptionId, organizationId, productId: product.id, createdAt: now })
  const term = { id: newId(now), organizationId, subscriptionId, ordinal: 1, createdAt: now }
  await tx.insert(terms).values({ ...term, startsAt: span.startsAt, endsAt: span.endsAt })
  const key = await writeKey(tx, {
    organizationId,
    product,
    kind: 'subscription',
    instanceId,
    term: { id: term.id, endsAt: span.endsAt },
    ...(trialId && { followsId: trialId }),
    startsAt: now,
    expiresAt: span.keyExpiresAt,
    ...(paid && { paid }),
    now,
  })
  if (trialId) await renewKey(tx, organizationId, trialId, now)
  const details = { shortId: key.shortId, product: product.name, until: span.endsAt.toISOString() }
  return {
    subscriptionId,
    termId: term.id,
    keyId: key.id,
    shortId: key.shortId,
    revoked: null,
    entry: { keyId: key.id, ...at(instanceId), details },
  }
}

/**
 * Adds the next term of a subscription and issues its key at once, in the caller's transaction; the old key lives to its
 * own end (DESIGN §2, rule 2). Where that was revoked meanwhile and this is paid, the new one is revoked alike: what was on its
 * way undoes no revocation, and staff decide. The subscription must be locked: see `lockSubscription`.
 * @throws NotFound where it has no term; as `writeKey` does
 */
export async function addTerm(
  tx: OrganizationTx,
  added: Omit<Begun, 'instanceId'> & { subscriptionId: string },
): Promise<Issued> {
  const { organizationId, subscriptionId, product, months, paid, now } = added
  const last = await lastTerm(tx, organizationId, subscriptionId)
  const span = nextTerm(
    paidUntil({ ...last.term, begun: last.begun, keyExpiresAt: last.key.expiresAt ?? last.term.endsAt }),
    months,
    product.overlapDays,
    await timeZoneOf(tx, organizationId),
    now,
  )
  const ordinal = last.newest + 1
  const term = { id: newId(now), organizationId, subscriptionId, ordinal, createdAt: now }
  await tx.insert(terms).values({ ...term, startsAt: span.startsAt, endsAt: span.endsAt })
  const { instanceId } = last.key
  const counting = await countingTerms(tx, organizationId, subscriptionId)
  const key = await writeKey(tx, {
    organizationId,
    product,
    kind: 'subscription',
    instanceId,
    term: { id: term.id, endsAt: span.endsAt },
    followsId: last.key.id,
    startsAt: worksFrom(now, span.startsAt, counting),
    expiresAt: span.keyExpiresAt,
    ...(paid && { paid }),
    now,
  })
  await renewKey(tx, organizationId, last.key.id, now)
  const reason = paid && !last.term.refundedAt ? await revokeAlike(tx, last.key, key.id, now) : null
  await alignAfter(tx, organizationId, subscriptionId)
  const until = span.endsAt.toISOString()
  const entry = { keyId: key.id, ...at(instanceId) }
  const details = { shortId: key.shortId, follows: last.key.shortId, product: product.name, until }
  return {
    subscriptionId,
    termId: term.id,
    keyId: key.id,
    shortId: key.shortId,
    revoked: reason && {
      ...entry,
      details: { shortId: key.shortId, product: product.name, reason, note: null },
    },
    entry: { ...entry, details },
  }
}

/** Revokes a new key for what the key before it was revoked for, as far as a payment changes nothing of that. @returns for what */
async function revokeAlike(tx: OrganizationTx, key: typeof keys.$inferSelect, newKeyId: string, now: Date) {
  const [found] = await tx
    .select({ reason: revocations.reason })
    .from(revocations)
    .where(
      and(
        eq(revocations.organizationId, key.organizationId),
        eq(revocations.keyId, key.id),
        isNull(revocations.restoredAt),
      ),
    )
  if (!found || !outlastsPayment({ ...found, keyExpiresAt: key.expiresAt }, now)) return null
  const { reason } = found
  const revocation = { organizationId: key.organizationId, keyId: newKeyId, reason, revokedAt: now }
  await tx.insert(revocations).values({ id: newId(now), ...revocation })
  return reason
}

const renewKey = (tx: OrganizationTx, organizationId: string, id: string, now: Date) =>
  tx
    .update(keys)
    .set({ renewedAt: now })
    .where(and(eq(keys.organizationId, organizationId), eq(keys.id, id)))

/**
 * The key of the trial of a product that works in a place, locked until the commit: of two subscriptions that begin there at
 * once only one takes over from it.
 */
async function runningTrial(
  tx: OrganizationTx,
  { organizationId, product, instanceId, now }: Begun,
): Promise<string | undefined> {
  const [trial] = await tx
    .select({ id: keys.id })
    .from(keys)
    .where(
      and(
        ...[eq(keys.organizationId, organizationId), eq(keys.productId, product.id), eq(keys.kind, 'trial')],
        ...[instanceId ? eq(keys.instanceId, instanceId) : isNull(keys.instanceId), gt(keys.expiresAt, now)],
        isNull(keys.renewedAt),
        sql`not exists (select from revocations r where r.organization_id = ${organizationId}
          and r.key_id = ${keys.id} and r.restored_at is null)`,
      ),
    )
    .orderBy(desc(keys.expiresAt), desc(keys.id))
    .limit(1)
    .for('update')
  return trial?.id
}

/** Locked until the commit, so that terms follow one another. @throws NotFound where the organization has none such. */
export async function lockSubscription(tx: OrganizationTx, organizationId: string, subscriptionId: string) {
  const [subscription] = await tx
    .select()
    .from(subscriptions)
    .where(and(eq(subscriptions.organizationId, organizationId), eq(subscriptions.id, subscriptionId)))
    .for('update')
  if (!subscription) throw new NotFound('subscription')
  return subscription
}

/**
 * The subscription to a product that an instance, or the whole organization, has or had: of several the one that is paid for
 * longest.
 */
export async function subscriptionAt(
  tx: OrganizationTx,
  place: { organizationId: string; productId: string; instanceId: string | null },
): Promise<string | null> {
  const { organizationId, productId, instanceId } = place
  const [found] = await tx
    .select({ id: terms.subscriptionId })
    .from(keys)
    .innerJoin(terms, and(eq(terms.organizationId, keys.organizationId), eq(terms.id, keys.termId)))
    .where(
      and(
        eq(keys.organizationId, organizationId),
        eq(keys.productId, productId),
        instanceId ? eq(keys.instanceId, instanceId) : isNull(keys.instanceId),
        isNull(keys.supersededAt),
      ),
    )
    .orderBy(sql`${terms.refundedAt} is not null`, desc(terms.endsAt), desc(terms.subscriptionId))
    .limit(1)
  return found?.id ?? null
}

/** The terms of a subscription whose money has not gone back. */
export const countingTerms = (
  tx: OrganizationTx,
  organizationId: string,
  subscriptionId: string,
): Promise<Span[]> =>
  tx
    .select({ startsAt: terms.startsAt, endsAt: terms.endsAt })
    .from(terms)
    .where(
      and(
        eq(terms.organizationId, organizationId),
        eq(terms.subscriptionId, subscriptionId),
        isNull(terms.refundedAt),
      ),
    )

/** The last term that counts, or where none does the last; the number of the newest, and when the first began. */
async function lastTerm(tx: OrganizationTx, organizationId: string, subscriptionId: string) {
  const newest = sql<number>`(select max(newest.ordinal) from terms newest
    where newest.organization_id = ${organizationId} and newest.subscription_id = ${subscriptionId})`
  const begun = sql<Date>`(select min(first.starts_at) from terms first
    where first.organization_id = ${organizationId} and first.subscription_id = ${subscriptionId})`
  const [last] = await tx
    .select({ term: terms, key: keys, newest, begun: begun.mapWith(terms.startsAt) })
    .from(terms)
    .innerJoin(keys, and(eq(keys.organizationId, terms.organizationId), eq(keys.termId, terms.id)))
    .where(
      and(
        eq(terms.organizationId, organizationId),
        eq(terms.subscriptionId, subscriptionId),
        isNull(keys.supersededAt),
      ),
    )
    .orderBy(sql`${terms.refundedAt} is not null`, desc(terms.ordinal))
    .limit(1)
  if (!last) throw new NotFound('term')
  return last
}
