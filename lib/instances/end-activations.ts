import { and, eq, isNull, type SQL } from 'drizzle-orm'
import { noEarlier } from '@/db/no-earlier'
import { activations } from '@/db/schema/activations'
import type { OrganizationTx } from '@/db/scope'

/**
 * Notes of activations that they are given back, where they are not: their GLPI is refused from now on, and what it holds is
 * free when its last lease has run out (DESIGN §2, rule 4).
 * @param which of the organization's
 */
export async function endActivations(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
  ...which: (SQL | undefined)[]
) {
  await tx
    .update(activations)
    .set({ givenBackAt: noEarlier(now, activations.createdAt) })
    .where(and(eq(activations.organizationId, organizationId), isNull(activations.givenBackAt), ...which))
}
