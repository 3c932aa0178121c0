import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { sessions } from '@/db/schema/people'
import { command } from '@/lib/command'
import { newId } from '@/lib/ids'
import { enqueue } from '@/lib/jobs/enqueue'
import { endMembership, memberOf, refuseLastOwner } from './member'

/**
 * Removes a member: their role, all their sessions, the tokens that they made and the open invitations to and from them
 * end at once. They are told by mail.
 * @throws NotFound; Refused `last_owner`.
 */
export const removeMember = command(
  'member.remove',
  z.object({ memberId: z.uuid('not_found') }),
  async ({ tx, organizationId, personId, now, audit }, { memberId }) => {
    const member = await memberOf(tx, organizationId, memberId)
    await refuseLastOwner(tx, organizationId, member)
    const ended = await endMembership(tx, organizationId, member, personId, now)
    // In whatever organization they were at work: a browser that was left behind shows nothing more.
    await tx.delete(sessions).where(eq(sessions.userId, memberId))
    if (personId) {
      const change = { changeId: newId(now), memberId, byPersonId: personId, at: now.toISOString() }
      await enqueue(tx, 'mail.removed', { organizationId, ...change })
    }
    audit({ details: { name: member.name ?? member.email, role: member.role, ...ended } })
  },
  { membersInTurn: true },
)

/**
 * Leaves the organization oneself; the tokens that one made end. What one has open elsewhere stays open.
 * @throws Refused `last_owner`.
 */
export const leaveOrganization = command(
  'member.leave',
  z.object({}),
  async ({ tx, organizationId, personId, now, audit }) => {
    if (!personId) throw new TypeError('only a member leaves')
    const member = await memberOf(tx, organizationId, personId)
    await refuseLastOwner(tx, organizationId, member)
    const ended = await endMembership(tx, organizationId, member, personId, now)
    audit({ details: { role: member.role, ...ended } })
  },
  { membersInTurn: true },
)
