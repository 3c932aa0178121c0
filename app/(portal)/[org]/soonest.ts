import type { AttentionLine } from '@/lib/keys/attention'

type What = AttentionLine['what']

/** A new key that has to be put into GLPI now comes first; then what stops; then other new keys that wait for GLPI, which stop nothing; then what has stopped already. */
function rank(what: What): number {
  if (what === 'waits_urgently') return -1
  return what === 'not_yet_in_glpi' ? 1 : what === 'lapsed' || what === 'revoked' ? 2 : 0
}

/** When the line's first key stops working. */
function stopsAt({ keys }: AttentionLine): number {
  return Math.min(...keys.map((key) => key.stopsAt?.getTime() ?? Number.POSITIVE_INFINITY))
}

/**
 * What stops working soonest comes first: not what was due first, since a key may have been extended. Of what has
 * stopped, the latest.
 */
export function soonestFirst(lines: readonly AttentionLine[]): AttentionLine[] {
  return lines.toSorted((a, b) => {
    const order = rank(a.what) - rank(b.what)
    return order || (rank(a.what) === 2 ? compare(stopsAt(b), stopsAt(a)) : compare(stopsAt(a), stopsAt(b)))
  })
}

/** Not their difference: two keys without an end are equal. */
const compare = (a: number, b: number) => (a === b ? 0 : a - b)
