import { createHash } from 'node:crypto'
import { eq, sql } from 'drizzle-orm'
import { auditEntries, auditHeads } from '@/db/schema/audit'
import { commandRuns } from '@/db/schema/commands'
import { instanceAddresses, instances } from '@/db/schema/instances'
import { keys, revocations } from '@/db/schema/keys'
import { subscriptions, terms } from '@/db/schema/subscriptions'
import type { OrganizationTx } from '@/db/scope'
import type { Permission } from '@/lib/access'
import { type AuditEntry, entryHash, entryRow } from '@/lib/audit/append'
import { newId, type ShortIdLetter, shortId } from '@/lib/ids'
import { insertRows } from './bulk-insert'

/** The rows that commands would have written for one organization, kept until they are written in bulk. */
export interface Ledger {
  organizationId: string
  timeZone: string
  takeShortId: (letter: ShortIdLetter) => string
  rows: {
    instances: (typeof instances.$inferInsert)[]
    addresses: (typeof instanceAddresses.$inferInsert)[]
    subscriptions: (typeof subscriptions.$inferInsert)[]
    terms: (typeof terms.$inferInsert)[]
    keys: (typeof keys.$inferInsert)[]
    revocations: (typeof revocations.$inferInsert)[]
    runs: (typeof commandRuns.$inferInsert)[]
  }
  entries: { at: Date; id: string; entry: AuditEntry }[]
}

export function newLedger(given: Pick<Ledger, 'organizationId' | 'timeZone' | 'takeShortId'>): Ledger {
  const rows = {
    instances: [],
    addresses: [],
    subscriptions: [],
    terms: [],
    keys: [],
    revocations: [],
    runs: [],
  }
  return { ...given, rows, entries: [] }
}

/** Short IDs unlike those that are taken: among 200,000 of a billion about 19 meet by chance. */
export function shortIdsBeside(taken: Set<string>) {
  return (letter: ShortIdLetter): string => {
    for (;;) {
      const candidate = shortId(letter)
      if (taken.has(candidate)) continue
      taken.add(candidate)
      return candidate
    }
  }
}

/** What `command` notes beside a handler's own rows, for a command that is called as the system. */
export function note(
  ledger: Ledger,
  action: Permission,
  at: Date,
  entry: Omit<AuditEntry, 'action' | 'outcome'>,
  once?: { idempotencyKey: string; input: unknown; result: unknown },
) {
  const { organizationId } = ledger
  ledger.entries.push({ at, id: newId(at), entry: { action, outcome: 'done', ...entry } })
  if (!once) return
  ledger.rows.runs.push({
    organizationId,
    command: action,
    actorId: 'system',
    idempotencyKey: once.idempotencyKey,
    inputHash: createHash('sha256').update(JSON.stringify(once.input)).digest('base64url'),
    result: once.result,
    ranAt: at,
  })
}

/** Writes the ledger; the audit entries continue the organization's chain. */
export async function writeLedger(tx: OrganizationTx, { organizationId, rows, entries }: Ledger) {
  // They guard pages. Here nobody waits, and on a busy machine 10,000 keys may take longer.
  await tx.execute(sql`set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`)
  const [head] = await tx
    .select()
    .from(auditHeads)
    .where(eq(auditHeads.organizationId, organizationId))
    .for('update')
  if (!head) throw new Error('an organization with a member has an audit trail')
  let { sequence, hash } = head
  const audit = entries.map(({ at, id, entry }) => {
    sequence += 1
    const row = entryRow({ id, organizationId, sequence, at, actor: 'system', personId: null }, entry)
    hash = entryHash(hash, row)
    return { ...row, hash }
  })
  await insertRows(tx, instances, rows.instances)
  await insertRows(tx, instanceAddresses, rows.addresses)
  await insertRows(tx, subscriptions, rows.subscriptions)
  await insertRows(tx, terms, rows.terms)
  await insertRows(tx, keys, rows.keys)
  await insertRows(tx, revocations, rows.revocations)
  await insertRows(tx, commandRuns, rows.runs)
  await insertRows(tx, auditEntries, audit)
  await tx.update(auditHeads).set({ sequence, hash }).where(eq(auditHeads.organizationId, organizationId))
}
