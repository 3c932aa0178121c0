import { createHash } from 'node:crypto'
import { eq, isNull } from 'drizzle-orm'
import { auditEntries, auditHeads } from '@/db/schema/audit'
import { people } from '@/db/schema/people'
import type { OrganizationTx, SystemTx } from '@/db/scope'
import { newId } from '@/lib/ids'

export interface AuditEntry {
  action: string
  outcome: 'done' | 'refused'
  instanceId?: string
  keyId?: string
  /** Facts for the sentence in `messages/`: short IDs, names, reasons. Never a key, a code or a token. */
  details?: Record<string, string | number | boolean | null>
}

export interface AuditContext {
  /** Null: the vendor's own chain. */
  organizationId: string | null
  actor: 'member' | 'staff' | 'system' | 'stranger' | 'glpi' | 'token'
  personId: string | null
  at: Date
}

/**
 * Appends entries to the organization's chain, in the caller's transaction. Locks the chain's end until the commit, so
 * it comes last in a transaction.
 */
export async function appendAudit(
  tx: OrganizationTx | SystemTx,
  context: AuditContext,
  entries: AuditEntry[],
) {
  const named = await actorName(tx, context)
  const head = await lockHead(tx, context.organizationId)
  let { sequence, hash } = head
  const rows = entries.map((entry) => {
    sequence += 1
    const details = { ...entry.details, ...named }
    const row = entryRow({ ...context, id: newId(context.at), sequence }, { ...entry, details })
    hash = entryHash(hash, row)
    return { ...row, hash }
  })
  await tx.insert(auditEntries).values(rows)
  await tx.update(auditHeads).set({ sequence, hash }).where(chain(context.organizationId))
}

/** An entry as it is stored, but for its hash. */
export function entryRow(
  { id, sequence, organizationId, actor, personId, at }: AuditContext & { id: string; sequence: number },
  { action, outcome, instanceId, keyId, details = {} }: AuditEntry,
) {
  const about = { instanceId: instanceId ?? null, keyId: keyId ?? null }
  return { id, organizationId, sequence, at, actor, personId, action, outcome, ...about, details }
}

/**
 * What the person is called as it happens, so that what they call themselves later renames nothing that was done before.
 * In an organization's own trail alone: nobody reads the vendor's in sentences.
 */
async function actorName(
  tx: OrganizationTx | SystemTx,
  { organizationId, personId }: AuditContext,
): Promise<{ actorName?: string }> {
  if (!organizationId || !personId) return {}
  const [person] = await tx
    .select({ name: people.name, email: people.email })
    .from(people)
    .where(eq(people.id, personId))
  return person ? { actorName: person.name || person.email } : {}
}

/** SHA-256 over the hash before and the entry's facts in a fixed order: a changed, missing or moved entry breaks the chain. */
export function entryHash(
  previous: Buffer,
  entry: Omit<typeof auditEntries.$inferInsert, 'hash' | 'details'> & { details: Record<string, unknown> },
): Buffer {
  const details = Object.entries(entry.details).sort(([a], [b]) => (a < b ? -1 : 1))
  const facts = [
    entry.id,
    entry.organizationId,
    entry.sequence,
    entry.at.toISOString(),
    entry.actor,
    entry.personId,
    entry.action,
    entry.outcome,
    entry.instanceId,
    entry.keyId,
    details,
  ]
  return createHash('sha256').update(previous).update(JSON.stringify(facts)).digest()
}

/**
 * Takes the turn at the end of a chain before the entries are there, until the commit. For who must lock afterwards what
 * an entry refers to: somebody who appends one meanwhile would hold the end and wait for that.
 */
export async function holdChain(tx: SystemTx, organizationId: string | null) {
  await lockHead(tx, organizationId)
}

const chain = (organizationId: string | null) =>
  organizationId ? eq(auditHeads.organizationId, organizationId) : isNull(auditHeads.organizationId)

async function lockHead(tx: OrganizationTx | SystemTx, organizationId: string | null) {
  const [head] = await tx.select().from(auditHeads).where(chain(organizationId)).for('update')
  if (head) return head
  await tx
    .insert(auditHeads)
    .values({ organizationId, sequence: 0, hash: Buffer.alloc(32) })
    .onConflictDoNothing()
  const [created] = await tx.select().from(auditHeads).where(chain(organizationId)).for('update')
  if (!created) throw new Error('the end of the audit chain cannot be seen from this scope')
  return created
}
