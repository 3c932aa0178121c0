import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import { memberships, organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import type { OrganizationTx } from '@/db/scope'
import { type Permission, rolesThatMay } from '@/lib/access'
import { NotFound } from '@/lib/errors'

/** The IANA time zone in which the organization's terms and keys end. */
export async function timeZoneOf(tx: OrganizationTx, organizationId: string): Promise<string> {
  const [organization] = await tx
    .select({ timeZone: organizations.timeZone })
    .from(organizations)
    .where(eq(organizations.id, organizationId))
  if (!organization) throw new NotFound('organization')
  return organization.timeZone
}

/**
 * Whom of the organization one can ask to do something: names, or addresses of those without one. Owners come first,
 * then who has been a member for longest.
 * @param most how many at most
 */
export async function membersWhoMay(
  tx: OrganizationTx,
  organizationId: string,
  permission: Permission,
  most: number,
): Promise<string[]> {
  const found = await tx
    .select({ name: sql<string>`coalesce(nullif(${people.name}, ''), ${people.email})` })
    .from(memberships)
    .innerJoin(people, eq(people.id, memberships.personId))
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        inArray(memberships.role, rolesThatMay(permission)),
      ),
    )
    .orderBy(sql`${memberships.role} <> 'owner'`, asc(memberships.createdAt), asc(people.id))
    .limit(most)
  return found.map(({ name }) => name)
}
