import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { sessions } from '@/db/schema/people'
import { assignments, staff } from '@/db/schema/staff'
import { appendAudit } from '@/lib/audit/append'
import { vendorCommand } from '@/lib/command'
import { Refused } from '@/lib/errors'
import { withdrawInvitationsOf } from '@/lib/organizations/withdraw'
import { holdBackStaff, keepAnAdmin, nameOf } from './role'

/**
 * Ends what somebody is for the vendor: their role, their assignments, the open invitations that they sent and all their
 * sessions, at once. Whom they looked after reads in their own activity that they no longer do.
 * @throws NotFound; Refused `staff_self` for an admin who would end themselves, `staff_last_admin` for the only one.
 */
export const endStaff = vendorCommand(
  'staff.end',
  z.object({ staffId: z.uuid('not_found') }),
  async ({ tx, now, personId: byId, audit }, { staffId }) => {
    if (staffId === byId) throw new Refused('staff_self')
    await holdBackStaff(tx, staffId)
    const name = await nameOf(tx, staffId)
    await keepAnAdmin(tx, staffId)
    const ended = await tx
      .update(staff)
      .set({ endedAt: now })
      .where(and(eq(staff.personId, staffId), isNull(staff.endedAt)))
      .returning({ role: staff.role })
    const left = await tx
      .delete(assignments)
      .where(eq(assignments.personId, staffId))
      .returning({ organizationId: assignments.organizationId })
    await tx.delete(sessions).where(eq(sessions.userId, staffId))
    const actor = byId ? 'staff' : 'system'
    // In one order, so that two who end staff at once do not wait for each other.
    for (const { organizationId } of left.sort((a, b) => (a.organizationId < b.organizationId ? -1 : 1)))
      await appendAudit(tx, { organizationId, actor, personId: byId, at: now }, [
        { action: 'assignment.remove', outcome: 'done', details: { name, staff: staffId } },
      ])
    await withdrawInvitationsOf(tx, staffId, byId, now)
    audit({ details: { person: staffId, role: ended[0]?.role ?? null, assignments: left.length } })
  },
)
