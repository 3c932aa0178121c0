import { and, asc, eq, inArray, isNull, or } from 'drizzle-orm'
import { memberships, organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { assignments, staff } from '@/db/schema/staff'
import type { OrganizationTx } from '@/db/scope'
import { type Permission, rolesThatMay } from '@/lib/access'
import { NotFound } from '@/lib/errors'

/**
 * What a mail about an organization names it by, and the members who may do what it asks for, or one of it, each with their language.
 * @param permission or several, of which one is enough
 * @param personId also told, as long as they are a member
 */
export async function toldBy(
  tx: OrganizationTx,
  organizationId: string,
  permission: Permission | readonly Permission[],
  personId: string | null = null,
) {
  const [organization] = await tx
    .select({ name: organizations.name, slug: organizations.slug, timeZone: organizations.timeZone })
    .from(organizations)
    .where(eq(organizations.id, organizationId))
  if (!organization) throw new NotFound('organization')
  const told = await tx
    .select({ personId: people.id, to: people.email, language: people.language })
    .from(memberships)
    .innerJoin(people, eq(people.id, memberships.personId))
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        or(
          inArray(memberships.role, [permission].flat().flatMap(rolesThatMay)),
          personId ? eq(people.id, personId) : undefined,
        ),
      ),
    )
    .orderBy(asc(people.id))
  return { organization, told }
}

/** What a mail to staff names an organization by, and its account managers; where it has none, the admins. */
export async function staffOf(tx: OrganizationTx, organizationId: string) {
  const [organization] = await tx
    .select({ organization: organizations.name })
    .from(organizations)
    .where(eq(organizations.id, organizationId))
  if (!organization) throw new NotFound('organization')
  const rows = await tx
    .select({
      personId: people.id,
      to: people.email,
      language: people.language,
      role: staff.role,
      assigned: assignments.personId,
    })
    .from(staff)
    .innerJoin(people, eq(people.id, staff.personId))
    .leftJoin(
      assignments,
      and(eq(assignments.organizationId, organizationId), eq(assignments.personId, staff.personId)),
    )
    .where(isNull(staff.endedAt))
    .orderBy(asc(people.id))
  const managers = rows.filter(({ assigned }) => assigned)
  return {
    ...organization,
    told: managers.length > 0 ? managers : rows.filter(({ role }) => role === 'admin'),
  }
}
