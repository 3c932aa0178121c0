import { type ActivityCursor, type ActivityFilter, auditKinds, auditOutcomes } from '@/lib/audit/activity'
import { isId } from '@/lib/ids'
import { later, startOfNamedDay } from '@/lib/organizations/calendar'

/** What the address of the page says: its filter and where it begins. Anything malformed counts as not said. */
export interface ActivityAddress extends Pick<ActivityFilter, 'who' | 'kind' | 'outcome'> {
  /** Days as `2026-12-03`, both of them included. */
  from: string | undefined
  to: string | undefined
  cursor: ActivityCursor | undefined
}

export function parseActivity(params: Record<string, string | string[] | undefined>): ActivityAddress {
  const one = (name: string) => {
    const value = params[name]
    return (Array.isArray(value) ? value[0] : value) ?? ''
  }
  const who = one('who')
  // In any zone: whether the calendar has such a day does not depend on it.
  const day = (name: string) => (startOfNamedDay(one(name), 'UTC') ? one(name) : undefined)
  return {
    who: who === 'vendor' || isId(who) ? who : undefined,
    kind: auditKinds.find((kind) => kind === one('kind')),
    outcome: auditOutcomes.find((outcome) => outcome === one('outcome')),
    from: day('from'),
    to: day('to'),
    cursor: parseCursor(one('after'), 'after') ?? parseCursor(one('before'), 'before'),
  }
}

/** The page's address with some of it changed; it begins with the newest again unless that is what changes. */
export function activityHref(
  slug: string,
  address: ActivityAddress,
  change: Partial<ActivityAddress> = {},
  path = '',
): string {
  const { cursor, who, kind, outcome, from, to } = { ...address, cursor: undefined, ...change }
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({ who, kind, outcome, from, to })) {
    if (value) query.set(name, value)
  }
  if (cursor) query.set(cursor.direction, String(cursor.sequence))
  return `/${slug}/activity${path}${query.size > 0 ? `?${query}` : ''}`
}

/** The filter that an address means to a person, whose days begin where they are. */
export function filterOf(
  { who, kind, outcome, from, to }: ActivityAddress,
  organizationId: string,
  timeZone: string,
): ActivityFilter {
  const last = to && startOfNamedDay(to, timeZone)
  return {
    organizationId,
    who,
    kind,
    outcome,
    from: from ? startOfNamedDay(from, timeZone) : undefined,
    to: last ? later(last, timeZone, { days: 1 }) : undefined,
  }
}

function parseCursor(text: string, direction: ActivityCursor['direction']): ActivityCursor | undefined {
  return /^\d{1,15}$/.test(text) ? { direction, sequence: Number(text) } : undefined
}
