import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { invitations } from '@/db/schema/organizations'
import { may, memberRoles } from '@/lib/access'
import { command } from '@/lib/command'
import { newId } from '@/lib/ids'
import { enqueue } from '@/lib/jobs/enqueue'
import { withdrawOpen } from './invite'
import { memberOf, refuseLastOwner, setRole } from './member'
import { revokeTokensOf } from './revoke-token'

/**
 * Gives a member another role, from their next request on; they are told by mail. What it lets them do no more ends with
 * it: API tokens that they made, and open invitations, which would let in whom nobody vouches for. Who has the role already
 * is left alone.
 * @throws NotFound; Refused `last_owner`.
 */
export const changeRole = command(
  'member.change_role',
  z.object({ memberId: z.uuid('not_found'), role: z.enum(memberRoles, 'required') }),
  async ({ tx, organizationId, personId, now, audit, unchanged }, { memberId, role }) => {
    const member = await memberOf(tx, organizationId, memberId)
    if (member.role === role) return unchanged()
    await refuseLastOwner(tx, organizationId, member)
    await setRole(tx, organizationId, memberId, role)
    const whose = { memberId, byId: personId }
    const tokens = may(role, 'token.create') ? 0 : await revokeTokensOf(tx, organizationId, whose, now)
    if (personId && personId !== memberId) {
      const change = { changeId: newId(now), memberId, byPersonId: personId, at: now.toISOString() }
      await enqueue(tx, 'mail.role_changed', { organizationId, ...change, role })
    }
    audit({ details: { name: member.name ?? member.email, from: member.role, role, tokens } })
    if (may(role, 'member.invite')) return
    const withdrawn = await withdrawOpen(tx, organizationId, eq(invitations.invitedById, memberId), now)
    for (const details of withdrawn) audit({ action: 'member.withdraw_invitation', details })
  },
  { membersInTurn: true },
)
