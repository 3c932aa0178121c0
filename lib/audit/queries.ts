import { and, desc, eq, lt, type SQL } from 'drizzle-orm'
import { auditEntries } from '@/db/schema/audit'
import { people } from '@/db/schema/people'
import type { OrganizationTx } from '@/db/scope'

export type AuditRow = Awaited<ReturnType<typeof instanceTimeline>>[number]

/** What the sentence of an entry is made of. */
export const entryColumns = {
  sequence: auditEntries.sequence,
  at: auditEntries.at,
  actor: auditEntries.actor,
  personName: people.name,
  personEmail: people.email,
  action: auditEntries.action,
  outcome: auditEntries.outcome,
  details: auditEntries.details,
}

/** What happened to a key, the newest first. */
export function keyTimeline(
  tx: OrganizationTx,
  organizationId: string,
  keyId: string,
  size: number,
  before?: number,
) {
  return timeline(tx, organizationId, eq(auditEntries.keyId, keyId), size, before)
}

/**
 * What happened to an instance and its keys, the newest first.
 * @param before a sequence number to page on from.
 */
export function instanceTimeline(
  tx: OrganizationTx,
  organizationId: string,
  instanceId: string,
  size: number,
  before?: number,
) {
  return timeline(tx, organizationId, eq(auditEntries.instanceId, instanceId), size, before)
}

function timeline(tx: OrganizationTx, organizationId: string, of: SQL, size: number, before?: number) {
  return tx
    .select(entryColumns)
    .from(auditEntries)
    .leftJoin(people, eq(people.id, auditEntries.personId))
    .where(
      and(
        eq(auditEntries.organizationId, organizationId),
        of,
        before ? lt(auditEntries.sequence, before) : undefined,
      ),
    )
    .orderBy(desc(auditEntries.sequence))
    .limit(size)
}
