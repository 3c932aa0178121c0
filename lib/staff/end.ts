import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { sessions } from '@/db/schema/people'
import { assignments, staff } from '@/db/schema/staff'
import { vendorCommand } from '@/lib/command'
import { NotFound, Refused } from '@/lib/errors'
import { holdBackStaff } from './role'

/**
 * Ends what somebody is for the vendor: their role, their assignments and all their sessions, at once.
 * @throws NotFound; Refused `staff_self` for an admin who would end themselves.
 */
export const endStaff = vendorCommand(
  'staff.end',
  z.object({ staffId: z.uuid('not_found') }),
  async ({ tx, now, personId: byId, audit }, { staffId }) => {
    if (staffId === byId) throw new Refused('staff_self')
    await holdBackStaff(tx, staffId)
    const ended = await tx
      .update(staff)
      .set({ endedAt: now })
      .where(and(eq(staff.personId, staffId), isNull(staff.endedAt)))
      .returning({ role: staff.role })
    if (!ended[0]) throw new NotFound('staff')
    const left = await tx
      .delete(assignments)
      .where(eq(assignments.personId, staffId))
      .returning({ organizationId: assignments.organizationId })
    await tx.delete(sessions).where(eq(sessions.userId, staffId))
    audit({ details: { person: staffId, role: ended[0].role, assignments: left.length } })
  },
)
