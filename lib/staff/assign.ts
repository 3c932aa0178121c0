import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { invitations } from '@/db/schema/organizations'
import { assignments } from '@/db/schema/staff'
import { may } from '@/lib/access'
import { command } from '@/lib/command'
import { withdrawOpen } from '@/lib/organizations/invite'
import { holdBackStaff, nameOf, standing } from './role'

const Assign = z.object({ staffId: z.uuid('not_found') })

/** Assigns one of the staff to the organization, whose members read it; who is assigned already stays so. @throws NotFound */
export const assign = command(
  'assignment.add',
  Assign,
  async ({ tx, organizationId, now, personId, audit, unchanged }, { staffId }) => {
    // Their own request is what they are doing; another's is waited for.
    if (staffId !== personId) await holdBackStaff(tx, staffId)
    const name = await nameOf(tx, staffId)
    const assigned = await tx
      .insert(assignments)
      .values({ organizationId, personId: staffId, assignedAt: now })
      .onConflictDoNothing()
      .returning({ personId: assignments.personId })
    if (assigned.length === 0) return unchanged()
    audit({ details: { name, staff: staffId } })
  },
)

/**
 * Takes one of the staff from the organization, from their next request on, and with them each open invitation that they
 * sent; who is not assigned is left alone, and an admin's invitations stay.
 */
export const unassign = command(
  'assignment.remove',
  Assign,
  async ({ tx, organizationId, now, personId, audit, unchanged }, { staffId }) => {
    if (staffId !== personId) await holdBackStaff(tx, staffId)
    const name = await nameOf(tx, staffId)
    const removed = await tx
      .delete(assignments)
      .where(and(eq(assignments.organizationId, organizationId), eq(assignments.personId, staffId)))
      .returning({ personId: assignments.personId })
    if (removed.length === 0) return unchanged()
    audit({ details: { name, staff: staffId } })
    const role = await standing(tx, organizationId, staffId)
    if (role && may(role, 'member.invite')) return
    const withdrawn = await withdrawOpen(tx, organizationId, eq(invitations.invitedById, staffId), now)
    for (const details of withdrawn) audit({ action: 'member.withdraw_invitation', details })
  },
)
