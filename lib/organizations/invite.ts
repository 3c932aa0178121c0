import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { invitations } from '@/db/schema/organizations'
import { people, language as spoken } from '@/db/schema/people'
import type { OrganizationTx } from '@/db/scope'
import { type MemberRole, memberRoles } from '@/lib/access'
import { command } from '@/lib/command'
import { Email } from '@/lib/email'
import { Conflict, NotFound, Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { enqueue } from '@/lib/jobs/enqueue'
import { sealText } from '@/lib/keys/vault'
import { newToken, tokenHash } from '@/lib/people/tokens'
import { personWith } from './person'
import { isMember } from './role'
import { invitationDays } from './rules'
import { worksForVendor } from './vendor'

const InviteMember = z.object({
  email: Email,
  role: z.enum(memberRoles, 'required'),
  /** Of the mail, its page, and the person where they are new; the inviter's own where nothing is said. */
  language: z.enum(spoken.enumValues, 'required').optional(),
})

/**
 * Invites somebody by mail, to join with a role within 7 days. An earlier invitation of the same address that is still
 * open is withdrawn: its link stops working.
 * @throws Conflict `already_member`; Refused `works_for_vendor` for who is of the vendor's staff, and `too_many`: fifty an
 * hour of each member, five of each address.
 */
export const inviteMember = command(
  'member.invite',
  InviteMember,
  async ({ tx, organizationId, personId, now, audit }, { email, role, ...chosen }) => {
    const language = chosen.language ?? (await languageOf(tx, personId))
    const invitedId = await personWith(tx, { email, name: null, language }, now)
    if (await isMember(tx, organizationId, invitedId)) throw new Conflict('already_member', { email })
    if (await worksForVendor(tx, invitedId)) throw new Refused('works_for_vendor', { email })
    await withdrawOpen(tx, organizationId, eq(invitations.email, email), now)
    const id = newId(now)
    const token = newToken()
    await tx.insert(invitations).values({
      id,
      organizationId,
      email,
      role,
      language,
      tokenHash: tokenHash(token),
      invitedById: personId,
      createdAt: now,
      expiresAt: new Date(now.getTime() + invitationDays * 86_400_000),
    })
    const sealed = sealText(token, id)
    await enqueue(tx, 'mail.invitation', { organizationId, invitationId: id, sealed })
    audit({ details: { email, role } })
    return { invitationId: id, email }
  },
  {
    once: true,
    membersInTurn: true,
    limits: ({ email }, personId) =>
      personId
        ? [
            { name: 'invite', key: personId, points: 50, perSeconds: 3_600 },
            { name: 'invite_address', key: email, points: 5, perSeconds: 3_600 },
          ]
        : [],
  },
)

/**
 * Takes an invitation back: its link stops working. One that was taken back already is left alone.
 * @throws Refused `invitation_used` for who is a member by now.
 */
export const withdrawInvitation = command(
  'member.withdraw_invitation',
  z.object({ invitationId: z.uuid('not_found') }),
  async ({ tx, organizationId, now, audit, unchanged }, { invitationId }) => {
    const mine = and(eq(invitations.organizationId, organizationId), eq(invitations.id, invitationId))
    const [invitation] = await tx.select().from(invitations).where(mine).for('update')
    if (!invitation) throw new NotFound('invitation')
    if (invitation.acceptedAt) throw new Refused('invitation_used')
    if (invitation.withdrawnAt) return unchanged()
    await tx.update(invitations).set({ withdrawnAt: now }).where(mine)
    audit({ details: { email: invitation.email, role: invitation.role } })
  },
  { membersInTurn: true },
)

/**
 * Withdraws those of the organization's open invitations that a condition names.
 * @returns to whom they went, and as what
 */
export async function withdrawOpen(
  tx: OrganizationTx,
  organizationId: string,
  which: ReturnType<typeof and>,
  now: Date,
): Promise<{ email: string; role: MemberRole }[]> {
  return tx
    .update(invitations)
    .set({ withdrawnAt: now })
    .where(
      and(
        eq(invitations.organizationId, organizationId),
        isNull(invitations.acceptedAt),
        isNull(invitations.withdrawnAt),
        which,
      ),
    )
    .returning({ email: invitations.email, role: invitations.role })
}

async function languageOf(tx: OrganizationTx, personId: string | null) {
  if (!personId) return 'en'
  const [person] = await tx.select({ language: people.language }).from(people).where(eq(people.id, personId))
  return person?.language ?? 'en'
}
