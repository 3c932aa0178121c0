import { and, asc, eq, gt, isNull, min, sql } from 'drizzle-orm'
import { auditEntries, auditHeads } from '@/db/schema/audit'
import { asSystem, type SystemTx } from '@/db/scope'
import { readSignedLines } from './signed-heads'
import { type ChainEnd, chainStart, follow } from './verify'

/** The first thing that is wrong with a chain. */
export interface ChainFault {
  organizationId: string | null
  /**
   * `missing`, `changed`: that entry. `end`: its stored end is another than its last entry. `cut_off`: this entry and
   * what followed it were signed, and are gone. `rewritten`: the chain fits together but is not the one that was signed;
   * the first entry that differs is this one or a later one, `until` at the latest.
   */
  because: 'missing' | 'changed' | 'end' | 'cut_off' | 'rewritten'
  sequence: number
  until?: number
}

/** A line of the file of signed heads that cannot be believed. */
export interface LineFault {
  file: string
  line: number
  because: 'unsigned' | 'unlinked'
}

export interface SignedHeads {
  /** By organization, in the order in which they were signed. */
  heads: Map<string | null, { sequence: number; hash: string }[]>
  lines: number
  newest: Date | null
  faults: LineFault[]
  /** Files that are not there. */
  absent: string[]
}

/** Reads files of signed heads; a file may go on from the one named before it. */
export async function readSignedHeads(files: readonly string[]): Promise<SignedHeads> {
  const signed: SignedHeads = { heads: new Map(), lines: 0, newest: null, faults: [], absent: [] }
  let before: string | null = null
  for (const file of files) {
    try {
      before = await addFile(signed, file, before)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
      signed.absent.push(file)
    }
  }
  return signed
}

/** @returns the hash of its last line, which the next file goes on from */
async function addFile(signed: SignedHeads, file: string, before: string | null): Promise<string | null> {
  let last = before
  for await (const { number, statement, linked, hash } of readSignedLines(file, before)) {
    if (!statement || !linked) {
      signed.faults.push({ file, line: number, because: statement ? 'unlinked' : 'unsigned' })
    }
    if (!statement) continue
    last = hash
    signed.lines += 1
    const at = new Date(statement.at)
    if (!signed.newest || at > signed.newest) signed.newest = at
    for (const [organizationId, sequence, end] of statement.heads) {
      const known = signed.heads.get(organizationId) ?? []
      known.push({ sequence, hash: end })
      signed.heads.set(organizationId, known)
    }
  }
  return last
}

/**
 * Reads every audit chain and compares it with itself and with what was signed of it.
 * @param onFault is told the first fault of each chain that has one
 * @returns how much was read, and when the oldest of the chains began
 */
export async function verifyTrail(
  signed: SignedHeads['heads'],
  onFault: (fault: ChainFault) => void,
): Promise<{ chains: number; entries: number; oldest: Date | null }> {
  const { stored, oldest } = await asSystem('verify the audit trail', async (tx) => {
    await tx.execute(sql`set local statement_timeout = 0`)
    const { rows } = await tx.execute<{ id: string | null }>(
      sql`select organization_id as id from audit_heads union select organization_id from audit_entries`,
    )
    const begun = await tx
      .select({ oldest: min(auditEntries.at) })
      .from(auditEntries)
      .where(eq(auditEntries.sequence, 1))
    return { stored: rows.map(({ id }) => id), oldest: begun[0]?.oldest ?? null }
  })
  const chains = new Set([...stored, ...signed.keys()])
  let entries = 0
  for (const organizationId of chains) {
    const known = (signed.get(organizationId) ?? []).toSorted((a, b) => a.sequence - b.sequence)
    const found = await asSystem('verify an audit chain', (tx) => verifyOne(tx, organizationId, known))
    entries += found.entries
    if (found.fault) onFault({ organizationId, ...found.fault })
  }
  return { chains: chains.size, entries, oldest }
}

const batch = 2_000
type Fault = Omit<ChainFault, 'organizationId'>

async function verifyOne(
  tx: SystemTx,
  organizationId: string | null,
  signed: readonly { sequence: number; hash: string }[],
): Promise<{ entries: number; fault?: Fault }> {
  // The portal goes on meanwhile: the head and all entries as they were at one moment.
  await tx.execute(sql`set transaction isolation level repeatable read`)
  const [head] = await tx.select().from(auditHeads).where(ofChain(auditHeads.organizationId, organizationId))
  let end: ChainEnd = chainStart
  let matched = 0
  for (;;) {
    const entries = await tx
      .select()
      .from(auditEntries)
      .where(
        and(ofChain(auditEntries.organizationId, organizationId), gt(auditEntries.sequence, end.sequence)),
      )
      .orderBy(asc(auditEntries.sequence))
      .limit(batch)
    if (entries.length === 0) break
    const followed = follow(end, entries)
    const reached = followed.ok ? followed.end.sequence : followed.sequence - 1
    for (const { sequence, hash } of signed) {
      if (sequence <= end.sequence || sequence > reached) continue
      if (entries[sequence - end.sequence - 1]?.hash.toString('hex') !== hash)
        return { entries: reached, fault: { because: 'rewritten', sequence: matched + 1, until: sequence } }
      matched = sequence
    }
    if (!followed.ok) return { entries: reached, fault: followed }
    end = followed.end
  }
  const { sequence } = end
  if ((signed.at(-1)?.sequence ?? 0) > sequence)
    return { entries: sequence, fault: { because: 'cut_off', sequence: sequence + 1 } }
  if ((head?.sequence ?? 0) !== sequence || (head && !head.hash.equals(end.hash)))
    return { entries: sequence, fault: { because: 'end', sequence } }
  return { entries: sequence }
}

const ofChain = (
  column: typeof auditHeads.organizationId | typeof auditEntries.organizationId,
  organizationId: string | null,
) => (organizationId ? eq(column, organizationId) : isNull(column))
