import { and, eq, inArray, isNull, lte, sql } from 'drizzle-orm'
import { keys, revocations } from '@/db/schema/keys'
import { checkoutLines, checkouts } from '@/db/schema/payments'
import { terms } from '@/db/schema/subscriptions'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import type { Jobs } from '@/lib/jobs/jobs'
import { closeRevoked } from './give-up-checkout'

/**
 * The job `close_checkouts`: what somebody was about to pay for the next term of a key when that was revoked can be paid no
 * more, here and at Stripe. A debit that is on its way cannot be stopped: see `addTerm`. Done twice, it is done once.
 * @throws Unavailable where Stripe does not serve us: the job is tried again
 */
export async function closeCheckouts({ organizationId, keyId }: Jobs['close_checkouts']) {
  const open = await asOrganization(organizationId, (tx) => openBefore(tx, organizationId, keyId))
  for (const { id } of open) await closeRevoked(organizationId, id)
}

/** Begun before the revocation, which stands: what was begun since was shown what holds now. */
function openBefore(tx: OrganizationTx, organizationId: string, keyId: string) {
  const its = tx
    .select({ id: checkoutLines.checkoutId })
    .from(keys)
    .innerJoin(terms, and(eq(terms.organizationId, keys.organizationId), eq(terms.id, keys.termId)))
    .innerJoin(
      checkoutLines,
      and(
        eq(checkoutLines.organizationId, terms.organizationId),
        eq(checkoutLines.subscriptionId, terms.subscriptionId),
      ),
    )
    .where(and(eq(keys.organizationId, organizationId), eq(keys.id, keyId)))
  const revokedAt = sql`(select r.revoked_at from ${revocations} r where r.organization_id = ${organizationId}
    and r.key_id = ${keyId} and r.restored_at is null)`
  return tx
    .select({ id: checkouts.id })
    .from(checkouts)
    .where(
      and(
        eq(checkouts.organizationId, organizationId),
        inArray(checkouts.id, its),
        isNull(checkouts.endedAt),
        isNull(checkouts.completedAt),
        lte(checkouts.begunAt, revokedAt),
      ),
    )
}
