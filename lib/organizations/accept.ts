import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { invitations, memberships } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { command } from '@/lib/command'
import { Conflict, NotFound, Refused } from '@/lib/errors'
import { tokenHash } from '@/lib/people/tokens'
import { isMember } from './role'
import { mayAccept } from './rules'
import { worksForVendor } from './vendor'

/**
 * Makes whoever was invited a member, with the invitation's role. Asked again by who joined by it, it leaves all as it is.
 * @throws NotFound; Refused with the verdict of `mayAccept`; Conflict `already_member` for who has become one otherwise.
 */
export const acceptInvitation = command(
  'invitation.accept',
  z.object({ token: z.string().max(200) }),
  async ({ tx, organizationId, personId, now, audit, unchanged }, { token }) => {
    if (!personId) throw new TypeError('only a person joins')
    // Before the invitation is held, which whoever makes them one of the staff takes back.
    const facts = { worksForVendor: await worksForVendor(tx, personId) }
    const mine = and(
      eq(invitations.organizationId, organizationId),
      eq(invitations.tokenHash, tokenHash(token)),
    )
    const [invitation] = await tx.select().from(invitations).where(mine).for('update')
    const [person] = await tx.select().from(people).where(eq(people.id, personId))
    if (!invitation || !person) throw new NotFound('invitation')
    const { email, role } = invitation
    if (invitation.acceptedById === personId && (await isMember(tx, organizationId, personId)))
      return unchanged()
    const verdict = mayAccept(invitation, { ...person, ...facts }, now)
    if (!verdict.ok) throw new Refused(verdict.because, { email })
    const joined = await tx
      .insert(memberships)
      .values({ organizationId, personId, role, createdAt: now })
      .onConflictDoNothing()
      .returning({ role: memberships.role })
    if (joined.length === 0) throw new Conflict('already_member', { email })
    await tx.update(invitations).set({ acceptedAt: now, acceptedById: personId }).where(mine)
    audit({ details: { email, role } })
  },
  { membersInTurn: true },
)
