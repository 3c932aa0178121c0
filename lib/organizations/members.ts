import { and, asc, count, desc, eq, isNull, sql } from 'drizzle-orm'
import { invitations, memberships } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import type { OrganizationTx } from '@/db/scope'
import { type Member, memberColumns } from './member'

const sortedBy = sql<string>`lower(coalesce(nullif(${people.name}, ''), ${people.email}))`

/**
 * A page of the members, by name or else by address.
 * @param after the member to go on after
 * @returns one more than `size` where there are more
 */
export function listMembers(
  tx: OrganizationTx,
  organizationId: string,
  { size, after }: { size: number; after?: string | undefined },
): Promise<Member[]> {
  const last = sql`(select lower(coalesce(nullif(name, ''), email)), id from people where id = ${after})`
  return tx
    .select(memberColumns)
    .from(memberships)
    .innerJoin(people, eq(people.id, memberships.personId))
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        after ? sql`(${sortedBy}, ${people.id}) > ${last}` : undefined,
      ),
    )
    .orderBy(sortedBy, asc(people.id))
    .limit(size + 1)
}

export async function countMembers(tx: OrganizationTx, organizationId: string): Promise<number> {
  const [found] = await tx
    .select({ members: count() })
    .from(memberships)
    .where(eq(memberships.organizationId, organizationId))
  return found?.members ?? 0
}

/** The invitations that nobody has accepted or taken back, the newest first; those whose time is over among them. */
export function openInvitations(tx: OrganizationTx, organizationId: string, most: number) {
  return tx
    .select({
      id: invitations.id,
      email: invitations.email,
      role: invitations.role,
      expiresAt: invitations.expiresAt,
      invitedBy: sql<string | null>`coalesce(nullif(${people.name}, ''), ${people.email})`,
    })
    .from(invitations)
    .leftJoin(people, eq(people.id, invitations.invitedById))
    .where(
      and(
        eq(invitations.organizationId, organizationId),
        isNull(invitations.acceptedAt),
        isNull(invitations.withdrawnAt),
      ),
    )
    .orderBy(desc(invitations.createdAt), desc(invitations.id))
    .limit(most)
}
