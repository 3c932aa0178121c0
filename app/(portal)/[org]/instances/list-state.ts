import { isId } from '@/lib/ids'
import type { InstanceCursor } from '@/lib/instances/queries'

/** What the list's address says: `?q=` the search, `?after=` or `?before=` where the page begins, `?retired=1`. */
export interface ListState {
  search: string
  cursor: InstanceCursor | undefined
  retired: boolean
}

/** An address that somebody mistyped shows the list from its beginning. */
export function listState(query: Record<string, string | string[] | undefined>): ListState {
  const { q, retired } = query
  return {
    // Postgres stores no NUL in a text.
    search: typeof q === 'string' ? q.replaceAll('\0', '').trim().slice(0, 200) : '',
    cursor: cursorAt('after', query) ?? cursorAt('before', query),
    retired: retired === '1',
  }
}

function cursorAt(direction: InstanceCursor['direction'], query: Record<string, unknown>) {
  const instanceId = query[direction]
  return isId(instanceId) ? { direction, instanceId } : undefined
}

export function hrefOf(here: string, { search, retired }: ListState, cursor?: InstanceCursor): string {
  const query = new URLSearchParams()
  if (search) query.set('q', search)
  if (retired) query.set('retired', '1')
  if (cursor) query.set(cursor.direction, cursor.instanceId)
  return `${here}${query.size > 0 ? `?${query}` : ''}`
}
