import { and, eq, isNull, sql } from 'drizzle-orm'
import { staff } from '@/db/schema/staff'
import type { OrganizationTx, SystemTx } from '@/db/scope'

/** In which what one of the vendor's people does, and what becomes of them, wait for each other. */
export const staffQueue = (personId: string) => sql`hashtextextended(${`staff ${personId}`}, 0)`

/**
 * Whether somebody is one of the vendor's people, and so no member of any organization (docs/decisions/0011). It stays so
 * until the commit: who makes them one meanwhile waits, and finds the membership.
 */
export async function worksForVendor(tx: OrganizationTx | SystemTx, personId: string): Promise<boolean> {
  await tx.execute(sql`select pg_advisory_xact_lock_shared(${staffQueue(personId)})`)
  const found = await tx
    .select({ personId: staff.personId })
    .from(staff)
    .where(and(eq(staff.personId, personId), isNull(staff.endedAt)))
  return found.length > 0
}
