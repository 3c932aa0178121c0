import { and, asc, eq, isNull } from 'drizzle-orm'
import { organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { assignments, staff } from '@/db/schema/staff'
import type { OrganizationTx } from '@/db/scope'
import { NotFound } from '@/lib/errors'

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
