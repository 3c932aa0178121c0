import { eq } from 'drizzle-orm'
import { billingAccounts } from '@/db/schema/payments'
import type { OrganizationTx } from '@/db/scope'

/**
 * What is bought in an organization, and what purchases bring when they are paid, goes one by one until the commit: a
 * subscription that is yet to begin has no row to lock, and of a suite and what it contains no index says that they are the
 * same. Taken before subscriptions are locked.
 */
export async function lockAccount(tx: OrganizationTx, organizationId: string) {
  await tx
    .select({ organizationId: billingAccounts.organizationId })
    .from(billingAccounts)
    .where(eq(billingAccounts.organizationId, organizationId))
    .for('update')
}
