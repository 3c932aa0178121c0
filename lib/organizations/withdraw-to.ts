import { and, asc, eq, isNull } from 'drizzle-orm'
import { invitations } from '@/db/schema/organizations'
import type { SystemTx } from '@/db/scope'
import { appendAudit } from '@/lib/audit/append'

/**
 * Withdraws each open invitation to an address that belongs to nobody any more, and records it in the organization's own
 * trail: whoever gets the address one day must not join by a mail that was meant for somebody else.
 */
export async function withdrawInvitationsTo(tx: SystemTx, email: string, now: Date) {
  const open = and(
    eq(invitations.email, email),
    isNull(invitations.acceptedAt),
    isNull(invitations.withdrawnAt),
  )
  // In one order for all, so that no two wait for each other.
  const found = await tx
    .select({ id: invitations.id, organizationId: invitations.organizationId, role: invitations.role })
    .from(invitations)
    .where(open)
    .orderBy(asc(invitations.organizationId))
    .for('update')
  for (const { id, organizationId, role } of found) {
    await tx.update(invitations).set({ withdrawnAt: now }).where(eq(invitations.id, id))
    // By the portal: who it was belongs to another organization, or to none, and is not this one's to read.
    const context = { organizationId, actor: 'system', personId: null, at: now } as const
    const details = { email, role }
    await appendAudit(tx, context, [{ action: 'member.withdraw_invitation', outcome: 'done', details }])
  }
}
