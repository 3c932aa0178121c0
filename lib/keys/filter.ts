import { and, eq, or, type SQL, sql } from 'drizzle-orm'
import { products } from '@/db/schema/catalog'
import { folded } from '@/db/schema/columns'
import { instances } from '@/db/schema/instances'
import { keys, revocations } from '@/db/schema/keys'
import { normalizeShortId } from '@/lib/ids'
import { beginsAs, containsFolded, instanceMatches } from '@/lib/instances/search'
import { parseKey, typedLastFour } from './format'
import { expiringDays, type KeyState } from './rules'
import { fingerprint } from './vault'

export interface KeyFilter {
  organizationId: string
  /** A state; `waiting`, new keys not yet in GLPI; `current`, what is neither expired nor revoked; or `all`. */
  state: KeyState | 'waiting' | 'current' | 'all'
  productId?: string | undefined
  instanceId?: string | undefined
  keyId?: string | undefined
  /** What was typed into the search box. */
  search?: string | undefined
}

/** Joined as `revocations` under this condition, a row means revoked. */
export const isRevocationOfKey = and(
  eq(revocations.organizationId, keys.organizationId),
  eq(revocations.keyId, keys.id),
  sql`${revocations.restoredAt} is null`,
)

/** Not a join and a null: for that Postgres plans as if no row were left. */
export const isRevoked = sql`exists (select from ${revocations} where ${isRevocationOfKey})`

/** The condition of a filter over `keys`. */
export function keysWhere(filter: KeyFilter, now: Date): SQL | undefined {
  return and(
    eq(keys.organizationId, filter.organizationId),
    stateIs(filter.state, now),
    filter.productId ? eq(keys.productId, filter.productId) : undefined,
    filter.instanceId ? eq(keys.instanceId, filter.instanceId) : undefined,
    filter.keyId ? eq(keys.id, filter.keyId) : undefined,
    filter.search?.trim() ? matches(filter.organizationId, filter.search.trim()) : undefined,
  )
}

/** `stateOf` of rules.ts, said in SQL so that a list can filter by it; a property test holds the two together. */
export function stateIs(state: KeyFilter['state'], now: Date): SQL | undefined {
  const at = sql`${now.toISOString()}::timestamptz`
  const soon = sql`${new Date(now.getTime() + expiringDays * 86_400_000).toISOString()}::timestamptz`
  const current = sql`not ${isRevoked} and ${keys.endsAt} > ${at}`
  const works = sql`${current} and ${keys.startsAt} <= ${at}`
  const plain = sql`${works} and ${keys.replacedAt} is null and ${keys.renewedAt} is null`
  const conditions: Record<KeyFilter['state'], SQL | undefined> = {
    all: undefined,
    current,
    revoked: isRevoked,
    expired: sql`not ${isRevoked} and ${keys.endsAt} <= ${at}`,
    not_started: sql`${current} and ${keys.startsAt} > ${at}`,
    replaced: sql`${works} and ${keys.replacedAt} is not null`,
    renewed: sql`${works} and ${keys.replacedAt} is null and ${keys.renewedAt} is not null`,
    overdue: sql`${plain} and ${keys.termEndsAt} <= ${at}`,
    expiring: sql`${plain} and (${keys.termEndsAt} is null or ${keys.termEndsAt} > ${at}) and ${keys.dueAt} <= ${soon}`,
    waiting: sql`${plain} and ${keys.followsId} is not null and ${keys.firstSeenAt} is null`,
    active: sql`${plain} and (${keys.dueAt} is null or ${keys.dueAt} > ${soon})`,
  }
  return conditions[state]
}

/** By instance, address, product, short ID or its beginning, the key's last four characters, or the whole key. */
function matches(organizationId: string, search: string): SQL | undefined {
  const shortId = normalizeShortId(search) ?? normalizeShortId(`K${search}`)
  const whole = parseKey(search)
  const lastFour = typedLastFour(search)
  return or(
    sql`${keys.instanceId} in (select ${instances.id} from ${instances}
      where ${instances.organizationId} = ${organizationId} and (${instanceMatches(organizationId, search)}))`,
    sql`${keys.productId} in (select ${products.id} from ${products} where ${containsFolded(folded(products.name), search)})`,
    shortId ? eq(keys.shortId, shortId) : undefined,
    beginsAs(keys.shortId, search),
    lastFour ? eq(keys.lastFour, lastFour) : undefined,
    whole.ok ? eq(keys.fingerprint, fingerprint(whole.key)) : undefined,
  )
}
