import { and, eq, isNotNull, isNull } from 'drizzle-orm'
import { automaticRenewals } from '@/db/schema/automatic-renewals'
import type { OrganizationTx } from '@/db/scope'
import { enqueue } from '@/lib/jobs/enqueue'

/**
 * What is paid of a subscription has changed, or is about to: where it renews by itself, its next charge is moved after the
 * commit. The subscription must be locked, so that none begins meanwhile.
 */
export async function alignAfter(tx: OrganizationTx, organizationId: string, subscriptionId: string) {
  const open = await tx
    .select({ id: automaticRenewals.id })
    .from(automaticRenewals)
    .where(
      and(
        eq(automaticRenewals.organizationId, organizationId),
        eq(automaticRenewals.subscriptionId, subscriptionId),
        // One that starts looks by itself.
        isNotNull(automaticRenewals.startedAt),
        isNull(automaticRenewals.endedAt),
      ),
    )
  if (open.length === 0) return
  await enqueue(
    tx,
    'align_automatic',
    { organizationId, subscriptionId },
    { jobKey: `align:${subscriptionId}` },
  )
}
