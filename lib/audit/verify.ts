import type { auditEntries } from '@/db/schema/audit'
import { entryHash } from './append'

type StoredEntry = typeof auditEntries.$inferSelect

export type ChainVerdict =
  | { ok: true }
  /** `sequence`: the first entry that is not as it was written, or the number of the one that is missing. */
  | { ok: false; because: 'missing' | 'changed' | 'end'; sequence: number }

/**
 * Whether a chain is what was appended: numbered without a gap, each entry's hash over the one before, and ending where
 * its head says. Who can write the database can write a new chain; that is noticed by heads that were signed outside it.
 * @param entries the whole chain, in the order of its sequence
 */
export function verifyChain(
  entries: readonly StoredEntry[],
  head: { sequence: number; hash: Buffer },
): ChainVerdict {
  let hash: Buffer = Buffer.alloc(32)
  for (const [index, entry] of entries.entries()) {
    const sequence = index + 1
    if (entry.sequence !== sequence) return { ok: false, because: 'missing', sequence }
    hash = entryHash(hash, entry)
    if (!hash.equals(entry.hash)) return { ok: false, because: 'changed', sequence }
  }
  const last = entries.length
  if (head.sequence !== last || !head.hash.equals(hash)) return { ok: false, because: 'end', sequence: last }
  return { ok: true }
}
