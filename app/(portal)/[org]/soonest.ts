import type { AttentionLine } from '@/lib/keys/attention'

/** When the line's first key stops working. A new key that waits for GLPI stops nothing: it comes after all others. */
function stopsAt({ keys }: AttentionLine): number {
  return Math.min(...keys.map(({ expiresAt }) => expiresAt?.getTime() ?? Number.POSITIVE_INFINITY))
}

/** What stops working soonest comes first: not what was due first, since a key may have been extended. */
export function soonestFirst(lines: readonly AttentionLine[]): AttentionLine[] {
  const waits = (line: AttentionLine) => Number(line.what === 'not_yet_in_glpi')
  return lines.toSorted((a, b) => waits(a) - waits(b) || compare(stopsAt(a), stopsAt(b)))
}

/** Not their difference: two keys without an end are equal. */
const compare = (a: number, b: number) => (a === b ? 0 : a - b)
