import { and, eq, isNull, sql } from 'drizzle-orm'
import { organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { assignments, staff } from '@/db/schema/staff'
import type { OrganizationTx, StaffTx, SystemTx } from '@/db/scope'
import type { StaffRole } from '@/lib/access'
import { NotFound, Refused } from '@/lib/errors'
import { staffQueue } from '@/lib/organizations/vendor'

type Tx = OrganizationTx | StaffTx | SystemTx

/**
 * What one of the vendor's people is to an organization, kept so until the commit: who is no longer assigned has either
 * finished or not begun.
 * @throws NotFound for who is not, or no longer, of the staff, and for an organization that does not exist.
 */
export async function staffRoleIn(
  tx: OrganizationTx,
  organizationId: string,
  personId: string,
): Promise<StaffRole> {
  await tx.execute(sql`select pg_advisory_xact_lock_shared(${staffQueue(personId)})`)
  const role = await standing(tx, organizationId, personId)
  if (!role) throw new NotFound('organization')
  return role
}

/** The same outside any organization, where an account manager is assigned to nothing. @throws NotFound */
export async function staffRoleOf(tx: SystemTx, personId: string): Promise<StaffRole> {
  await tx.execute(sql`select pg_advisory_xact_lock_shared(${staffQueue(personId)})`)
  const [found] = await tx.select({ role: staff.role }).from(staff).where(active(personId))
  if (!found) throw new NotFound('staff')
  return found.role === 'admin' ? 'admin' : 'staff'
}

/** Waits for what somebody of the staff is doing, and lets them begin nothing more until the commit. */
export async function holdBackStaff(tx: OrganizationTx | SystemTx, personId: string) {
  await tx.execute(sql`select pg_advisory_xact_lock(${staffQueue(personId)})`)
}

/**
 * Before somebody stops being an admin: nobody else stops being one until the commit.
 * @throws Refused `staff_last_admin` when nobody would be left who can add staff.
 */
export async function keepAnAdmin(tx: SystemTx, personId: string) {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('staff admins', 0))`)
  const admins = await tx
    .select({ personId: staff.personId })
    .from(staff)
    .where(and(eq(staff.role, 'admin'), isNull(staff.endedAt)))
  const [first, ...more] = admins
  if (first?.personId === personId && more.length === 0) throw new Refused('staff_last_admin')
}

/** What somebody is to an organization as one of the staff; null where they are none, or there is no such organization. */
export async function standing(tx: Tx, organizationId: string, personId: string): Promise<StaffRole | null> {
  const [found] = await tx
    .select({ role: staff.role, assigned: assignments.personId })
    .from(staff)
    .innerJoin(organizations, eq(organizations.id, organizationId))
    .leftJoin(
      assignments,
      and(eq(assignments.organizationId, organizations.id), eq(assignments.personId, staff.personId)),
    )
    .where(active(personId))
  return found ? asRole(found) : null
}

export const asRole = ({
  role,
  assigned,
}: {
  role: 'account_manager' | 'admin'
  assigned: string | null
}): StaffRole => {
  if (role === 'admin') return 'admin'
  return assigned ? 'manager' : 'staff'
}

const active = (personId: string) => and(eq(staff.personId, personId), isNull(staff.endedAt))

/** By what a customer knows one of the staff. @throws NotFound for who is none, or no longer. */
export async function nameOf(tx: OrganizationTx | SystemTx, staffId: string): Promise<string> {
  const [found] = await tx
    .select({ name: sql<string>`coalesce(nullif(${people.name}, ''), ${people.email})` })
    .from(staff)
    .innerJoin(people, eq(people.id, staff.personId))
    .where(active(staffId))
  if (!found) throw new NotFound('staff')
  return found.name
}
