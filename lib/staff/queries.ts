import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import { organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { assignments, staff } from '@/db/schema/staff'
import type { OrganizationTx, StaffTx } from '@/db/scope'

const shownName = sql<string>`coalesce(nullif(${people.name}, ''), ${people.email})`

/** Whom of the vendor one can ask to act for an organization: who was assigned first comes first. */
export async function accountManagersOf(tx: OrganizationTx, organizationId: string): Promise<string[]> {
  const found = await tx
    .select({ name: shownName })
    .from(assignments)
    .innerJoin(staff, and(eq(staff.personId, assignments.personId), isNull(staff.endedAt)))
    .innerJoin(people, eq(people.id, staff.personId))
    .where(eq(assignments.organizationId, organizationId))
    .orderBy(asc(assignments.assignedAt), asc(people.id))
  return found.map(({ name }) => name)
}

/** The staff's admins, by name. */
export async function admins(tx: OrganizationTx): Promise<string[]> {
  const found = await tx
    .select({ name: shownName })
    .from(staff)
    .innerJoin(people, eq(people.id, staff.personId))
    .where(and(eq(staff.role, 'admin'), isNull(staff.endedAt)))
    .orderBy(shownName, asc(people.id))
  return found.map(({ name }) => name)
}

/** Everybody of the staff, with the organizations that they are assigned to. */
export const staffWithAssignments = (tx: StaffTx) => peopleOfStaff(tx)

/** The same of one of them; null for who is not, or no longer, of the staff. */
export async function oneOfStaff(tx: StaffTx, personId: string) {
  const [person] = await peopleOfStaff(tx, personId)
  return person ?? null
}

async function peopleOfStaff(tx: StaffTx, personId?: string) {
  const rows = await tx
    .select({
      id: staff.personId,
      name: shownName,
      email: people.email,
      role: staff.role,
      addedAt: staff.addedAt,
      slug: organizations.slug,
      organization: organizations.name,
    })
    .from(staff)
    .innerJoin(people, eq(people.id, staff.personId))
    .leftJoin(assignments, eq(assignments.personId, staff.personId))
    .leftJoin(organizations, eq(organizations.id, assignments.organizationId))
    .where(and(isNull(staff.endedAt), personId ? eq(staff.personId, personId) : undefined))
    .orderBy(shownName, asc(staff.personId), organizations.name)
  return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((of) =>
    of.slice(0, 1).map(({ slug: _slug, organization: _organization, ...person }) => ({
      ...person,
      organizations: of.flatMap(({ slug, organization: name }) => (slug && name ? [{ slug, name }] : [])),
    })),
  )
}

/** The organizations that somebody of the staff is assigned to, by name. */
export function organizationsOf(tx: StaffTx, personId: string) {
  return tx
    .select({ slug: organizations.slug, name: organizations.name })
    .from(assignments)
    .innerJoin(organizations, eq(organizations.id, assignments.organizationId))
    .where(eq(assignments.personId, personId))
    .orderBy(organizations.name, asc(organizations.id))
    .limit(500)
}
