import { and, eq, sql } from 'drizzle-orm'
import { memberships, organizations } from '@/db/schema/organizations'
import type { OrganizationTx } from '@/db/scope'
import type { MemberRole } from '@/lib/access'
import { NotFound } from '@/lib/errors'

/**
 * A person's role, locked against change until the commit: who is removed meanwhile has either finished or not begun.
 * @throws NotFound for who is no member, the same as for an organization that does not exist.
 */
export async function roleIn(
  tx: OrganizationTx,
  organizationId: string,
  personId: string,
): Promise<MemberRole> {
  await tx.execute(sql`select pg_advisory_xact_lock_shared(${queueOf(organizationId, personId)})`)
  const [membership] = await membershipOf(tx, organizationId, personId).for('share')
  if (!membership) throw new NotFound('organization')
  return membership.role
}

/**
 * Waits until nobody else changes who belongs to the organization, and keeps others from it until the commit. Without it
 * two owners who remove each other both find that the other one is left. A lock that references to the organization, such
 * as a new instance's, pass.
 */
export async function lockMembers(tx: OrganizationTx, organizationId: string) {
  await tx
    .select({ id: organizations.id })
    .from(organizations)
    .where(eq(organizations.id, organizationId))
    .for('no key update')
}

/**
 * Waits for what a member is doing, and lets them begin nothing more until the commit. Row locks that are shared do not
 * queue: a member with a few requests always under way could never be removed (seen, with five).
 */
export async function holdBack(tx: OrganizationTx, organizationId: string, personId: string) {
  await tx.execute(sql`select pg_advisory_xact_lock(${queueOf(organizationId, personId)})`)
}

const queueOf = (organizationId: string, personId: string) =>
  sql`hashtextextended(${`${organizationId} ${personId}`}, 0)`

/** Whether a person belongs to the organization at all. */
export async function isMember(
  tx: OrganizationTx,
  organizationId: string,
  personId: string,
): Promise<boolean> {
  return (await membershipOf(tx, organizationId, personId)).length > 0
}

function membershipOf(tx: OrganizationTx, organizationId: string, personId: string) {
  return tx
    .select({ role: memberships.role })
    .from(memberships)
    .where(and(eq(memberships.organizationId, organizationId), eq(memberships.personId, personId)))
}
