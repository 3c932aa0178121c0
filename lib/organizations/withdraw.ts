import { and, asc, eq, isNull, type SQL, sql } from 'drizzle-orm'
import { invitations } from '@/db/schema/organizations'
import { assignments } from '@/db/schema/staff'
import type { SystemTx } from '@/db/scope'
import { type AuditContext, appendAudit } from '@/lib/audit/append'

// By the portal, where who it was belongs to another organization, or to none, and is not this one's to read.
const byPortal = { actor: 'system', personId: null } as const

/**
 * Withdraws each open invitation to an address that belongs to nobody any more, or to one of the vendor's people by now:
 * whoever gets the address one day must not join by a mail that was meant for somebody else.
 */
export const withdrawInvitationsTo = (tx: SystemTx, email: string, now: Date) =>
  withdraw(tx, eq(invitations.email, email), byPortal, now)

/**
 * Withdraws what one of the vendor's people has sent for organizations that they are not assigned to, once they are no
 * admin any more, or none of the staff.
 * @param byId who of the staff ended it; null for the vendor's own command
 */
export function withdrawInvitationsOf(tx: SystemTx, personId: string, byId: string | null, now: Date) {
  const assigned = sql`exists (select from ${assignments} where ${assignments.organizationId} = ${invitations.organizationId}
    and ${assignments.personId} = ${personId})`
  const by = byId ? ({ actor: 'staff', personId: byId } as const) : byPortal
  return withdraw(tx, and(eq(invitations.invitedById, personId), sql`not ${assigned}`), by, now)
}

/** Each is recorded in its organization's own trail. */
async function withdraw(
  tx: SystemTx,
  which: SQL | undefined,
  by: Pick<AuditContext, 'actor' | 'personId'>,
  now: Date,
) {
  // In one order for all, so that no two wait for each other.
  const found = await tx
    .select({
      id: invitations.id,
      organizationId: invitations.organizationId,
      email: invitations.email,
      role: invitations.role,
    })
    .from(invitations)
    .where(and(which, isNull(invitations.acceptedAt), isNull(invitations.withdrawnAt)))
    .orderBy(asc(invitations.organizationId))
    .for('update')
  for (const { id, organizationId, ...details } of found) {
    await tx.update(invitations).set({ withdrawnAt: now }).where(eq(invitations.id, id))
    const entry = { action: 'member.withdraw_invitation', outcome: 'done', details } as const
    await appendAudit(tx, { organizationId, ...by, at: now }, [entry])
  }
}
