import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { automaticEnd } from '@/db/schema/automatic-renewals'
import { products } from '@/db/schema/catalog'
import { keys } from '@/db/schema/keys'
import { terms } from '@/db/schema/subscriptions'
import type { OrganizationTx } from '@/db/scope'
import { command, type Scope } from '@/lib/command'
import { enqueue } from '@/lib/jobs/enqueue'
import { isLastTerm } from '@/lib/payments/payable'
import { type AutomaticRow, changeAutomatic, lockAutomatic } from './queries'

export type AutomaticEnd = (typeof automaticEnd.enumValues)[number]

const EndAutomatic = z.object({
  renewalId: z.uuid('not_found'),
  /** What somebody of the organization does is theirs alone. */
  because: z.enum(automaticEnd.enumValues).default('by_member'),
})

/**
 * Ends it: with us at once, whether or not Stripe can be reached; there by a job that goes on trying. Members get a receipt.
 * Ended twice, it has ended once.
 */
export const endAutomatic = command('automatic.end', EndAutomatic, async (scope, { renewalId, because }) => {
  const row = await lockAutomatic(scope.tx, scope.organizationId, renewalId)
  if (row.endedAt) return scope.unchanged()
  await recordEnd(scope, row, scope.role === 'system' ? because : 'by_member')
})

/** In the caller's transaction; the row is locked, and has not ended. */
export async function recordEnd(scope: Scope, row: AutomaticRow, because: AutomaticEnd) {
  const { tx, organizationId, personId, now, audit } = scope
  const endedById = because === 'by_member' ? personId : null
  await changeAutomatic(tx, row, { endedAt: now, ended: because, endedById })
  await enqueue(tx, 'end_automatic', { organizationId, renewalId: row.id })
  await enqueue(tx, 'mail.automatic_ended', { organizationId, renewalId: row.id })
  const { keyId, ...named } = await nameOf(tx, row)
  audit({ action: 'automatic.end', ...keyId, details: { ...named, reason: because } })
}

/** By what people call it: its product, and the key of its last term. */
export async function nameOf(
  tx: OrganizationTx,
  { organizationId, subscriptionId }: Pick<AutomaticRow, 'organizationId' | 'subscriptionId'>,
) {
  const [found] = await tx
    .select({ keyId: keys.id, shortId: keys.shortId, product: products.name })
    .from(terms)
    .innerJoin(
      keys,
      and(
        eq(keys.organizationId, terms.organizationId),
        eq(keys.termId, terms.id),
        isNull(keys.supersededAt),
      ),
    )
    .innerJoin(products, eq(products.id, keys.productId))
    .where(
      and(eq(terms.organizationId, organizationId), eq(terms.subscriptionId, subscriptionId), isLastTerm),
    )
  const { keyId, shortId = '', product = '' } = found ?? {}
  return { product, shortId, keyId: keyId ? { keyId } : {} }
}
