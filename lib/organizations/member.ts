import { and, count, eq, ne, or } from 'drizzle-orm'
import { invitations, memberships } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import type { OrganizationTx } from '@/db/scope'
import type { MemberRole } from '@/lib/access'
import { NotFound, Refused } from '@/lib/errors'
import { withdrawOpen } from './invite'
import { revokeTokensOf } from './revoke-token'
import { holdBack } from './role'
import { mayCeaseToOwn, type OwnerVerdict } from './rules'

export interface Member {
  id: string
  name: string | null
  email: string
  role: MemberRole
  since: Date
}

export const memberColumns = {
  id: people.id,
  name: people.name,
  email: people.email,
  role: memberships.role,
  since: memberships.createdAt,
}

/** @throws NotFound for who is no member of the organization. */
export async function memberOf(
  tx: OrganizationTx,
  organizationId: string,
  memberId: string,
): Promise<Member> {
  const [member] = await tx
    .select(memberColumns)
    .from(memberships)
    .innerJoin(people, eq(people.id, memberships.personId))
    .where(theirs(organizationId, memberId))
  if (!member) throw new NotFound('member')
  return member
}

/** Whether the organization can do without this owner. It holds until the commit for a command that takes its turn. */
export async function ownerVerdict(
  tx: OrganizationTx,
  organizationId: string,
  member: Pick<Member, 'id' | 'role'>,
): Promise<OwnerVerdict> {
  const [others] = await tx
    .select({ owners: count() })
    .from(memberships)
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        eq(memberships.role, 'owner'),
        ne(memberships.personId, member.id),
      ),
    )
  return mayCeaseToOwn(member, others?.owners ?? 0)
}

/** @throws Refused `last_owner` */
export async function refuseLastOwner(tx: OrganizationTx, organizationId: string, member: Member) {
  const verdict = await ownerVerdict(tx, organizationId, member)
  if (!verdict.ok) throw new Refused(verdict.because)
}

export async function setRole(tx: OrganizationTx, organizationId: string, id: string, role: MemberRole) {
  await holdBack(tx, organizationId, id)
  await tx.update(memberships).set({ role }).where(theirs(organizationId, id))
}

/**
 * Ends a membership, and with it each open invitation that was made to this person or by them, and each token that they
 * made: a link or a token that somebody took with them must not let anybody in after.
 * @param personId who ends it
 * @returns how many invitations were withdrawn, and tokens revoked
 */
export async function endMembership(
  tx: OrganizationTx,
  organizationId: string,
  { id, email }: Member,
  personId: string | null,
  now: Date,
): Promise<{ invitations: number; tokens: number }> {
  await holdBack(tx, organizationId, id)
  await tx.delete(memberships).where(theirs(organizationId, id))
  const invited = or(eq(invitations.email, email), eq(invitations.invitedById, id))
  return {
    invitations: (await withdrawOpen(tx, organizationId, invited, now)).length,
    tokens: await revokeTokensOf(tx, organizationId, { memberId: id, byId: personId }, now),
  }
}

const theirs = (organizationId: string, id: string) =>
  and(eq(memberships.organizationId, organizationId), eq(memberships.personId, id))
