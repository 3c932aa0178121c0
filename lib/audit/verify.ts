import type { auditEntries } from '@/db/schema/audit'
import { entryHash } from './append'

type StoredEntry = typeof auditEntries.$inferSelect

/** How far a chain has been followed. */
export interface ChainEnd {
  sequence: number
  hash: Buffer
}

/** Where every chain begins. */
export const chainStart: ChainEnd = { sequence: 0, hash: Buffer.alloc(32) }

interface BrokenLink {
  ok: false
  because: 'missing' | 'changed'
  /** The first entry that is not as it was written, or the number of the one that is missing. */
  sequence: number
}
export type ChainVerdict = { ok: true } | BrokenLink | { ok: false; because: 'end'; sequence: number }

/** Follows a chain on from where it has been followed to: numbered without a gap, each hash over the one before. */
export function follow(
  { sequence, hash }: ChainEnd,
  entries: readonly StoredEntry[],
): { ok: true; end: ChainEnd } | BrokenLink {
  for (const entry of entries) {
    sequence += 1
    if (entry.sequence !== sequence) return { ok: false, because: 'missing', sequence }
    hash = entryHash(hash, entry)
    if (!hash.equals(entry.hash)) return { ok: false, because: 'changed', sequence }
  }
  return { ok: true, end: { sequence, hash } }
}

/**
 * Whether a chain is what was appended, and ends where its head says. Who can write the database can write a new chain;
 * that is noticed by heads that were signed outside it.
 * @param entries the whole chain, in the order of its sequence
 */
export function verifyChain(entries: readonly StoredEntry[], head: ChainEnd): ChainVerdict {
  const followed = follow(chainStart, entries)
  if (!followed.ok) return followed
  const { sequence, hash } = followed.end
  if (head.sequence !== sequence || !head.hash.equals(hash)) return { ok: false, because: 'end', sequence }
  return { ok: true }
}
