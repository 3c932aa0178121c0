import { type SQL, sql } from 'drizzle-orm'
import { readInstant, readInstantOrNull } from '@/db/read-instant'
import type { revocations } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { lastDayBefore } from '@/lib/organizations/calendar'
import { expiringDays, stoppedDays, urgentDays, type WaitingFacts, waitsUrgently } from './rules'
import { comesByItself, filesWork, pluginsWait } from './waiting'

type Reason = (typeof revocations.$inferSelect)['reason']

interface AttentionKey {
  id: string
  shortId: string
  productId: string
  product: string
  kind: 'subscription' | 'trial' | 'permanent'
  instanceId: string | null
  instance: string | null
  termEndsAt: Date | null
  /**
   * When it stops working, or stopped: its end or, before that, its revocation. Of a new key, when the old one does, until
   * which it has to be in GLPI. Null: never.
   */
  stopsAt: Date | null
  /** Why it was revoked. */
  reason: Reason | null
}

/** A line of the overview: keys of one instance that want the same thing, at the same day. */
export interface AttentionLine {
  what: 'due' | 'overdue' | 'trial_ends' | 'not_yet_in_glpi' | 'waits_urgently' | 'lapsed' | 'revoked'
  keys: [AttentionKey, ...AttentionKey[]]
}

export interface Attention {
  lines: AttentionLine[]
  /** There are more keys than the first twenty of each kind that were looked at. */
  more: boolean
}

type Wants = 'due' | 'waiting' | 'lapsed' | 'revoked'

const most = 20

/**
 * What needs doing first: what ends within 30 days or is over and still works, new keys that wait for somebody to put them
 * into GLPI, and what
 * stopped working within 90 days while nothing took its place.
 */
export async function attention(
  tx: OrganizationTx,
  organizationId: string,
  timeZone: string,
  now: Date,
): Promise<Attention> {
  const found = await keysThatWant(tx, organizationId, now)
  const lines = new Map<string, AttentionLine>()
  for (const { wants, waiting, ...key } of found) {
    const what = whatOf(wants, key, waiting, now)
    const day =
      wants === 'due' ? (key.termEndsAt ?? key.stopsAt) : what === 'not_yet_in_glpi' ? null : key.stopsAt
    const group = [what, key.instanceId, day && lastDayBefore(day, timeZone), key.reason].join(' ')
    const line = lines.get(group)
    if (line) line.keys.push(key)
    else lines.set(group, { what, keys: [key] })
  }
  const counts = Map.groupBy(found, ({ wants }) => wants)
  return { lines: [...lines.values()], more: [...counts.values()].some(({ length }) => length === most) }
}

function whatOf(
  wants: Wants,
  key: AttentionKey,
  waiting: Omit<WaitingFacts, 'oldStopsAt'>,
  now: Date,
): AttentionLine['what'] {
  if (wants === 'waiting')
    return waitsUrgently({ ...waiting, oldStopsAt: key.stopsAt }, now) ? 'waits_urgently' : 'not_yet_in_glpi'
  if (wants !== 'due') return wants
  if (key.kind === 'trial') return 'trial_ends'
  return key.termEndsAt && key.termEndsAt <= now ? 'overdue' : 'due'
}

/**
 * Of each kind the first twenty. A trial that is over lacks nothing, nor does what the organization itself asked to end.
 * The limit is set before anything is joined: else Postgres joins every due key of the
 * organization, and then sorts. Written out, since every page asks it: to build it takes longer than to run it.
 */
async function keysThatWant(tx: OrganizationTx, organizationId: string, now: Date) {
  const days = (count: number) =>
    sql`${new Date(now.getTime() + count * 86_400_000).toISOString()}::timestamptz`
  const ofKey = sql`k.id, k.short_id, k.product_id, k.kind, k.instance_id, k.due_at, k.term_ends_at, k.issued_at`
  const ofOrganization = sql`k.organization_id = ${organizationId}`
  const inUse = sql`not exists (select from instances i
    where i.organization_id = ${organizationId} and i.id = k.instance_id and i.retired_at is not null)`
  const { rows } =
    await tx.execute<Found>(sql`select page.wants, page.id, page.short_id as "shortId", page.product_id as "productId", p.name as product,
      page.kind, page.instance_id as "instanceId", page.term_ends_at as "termEndsAt", page.stops_at as "stopsAt", page.reason, page.offline,
      page.issued_at as "issuedAt",
      ${labelOf(organizationId)} as instance
    from (
      (select 'due' as wants, ${ofKey}, k.expires_at as stops_at, null::revocation_reason as reason,
        false as offline from keys k
        where ${ofOrganization} and k.renewed_at is null and k.due_at <= ${days(expiringDays)} and k.ends_at > ${days(0)}
          and ${notRevoked(organizationId)} and ${inUse} and ${renewsNotByItself(organizationId)}
        order by k.due_at, k.id limit ${most})
      union all (select 'waiting', ${ofKey}, ${endOfOldKey(organizationId)}, null,
        ${filesWork(organizationId, days(-urgentDays))} from keys k
        where ${ofOrganization} and k.follows_id is not null and k.first_seen_at is null and k.ends_at > ${days(0)}
          and k.starts_at <= ${days(0)} and ${notRevoked(organizationId)} and ${inUse}
          and not ${comesByItself(organizationId, now)}
        order by k.due_at, k.id limit ${most})
      union all (select 'waiting', ${ofKey}, o.expires_at, null, false
        from keys o join keys k on ${ofOrganization} and k.follows_id = o.id
        where o.organization_id = ${organizationId} and o.ends_at > ${days(-urgentDays)} and o.ends_at <= ${days(1)}
          and k.kind = 'subscription' and k.first_seen_at is not null and k.ends_at > ${days(0)} and ${pluginsWait(days(0))}
          and ${notRevoked(organizationId)} and ${inUse} and not ${comesByItself(organizationId, now)}
        order by o.ends_at, k.id limit ${most})
      union all (select 'lapsed', ${ofKey}, k.expires_at, null, false from keys k
        where ${ofOrganization} and k.kind = 'subscription' and k.renewed_at is null
          and k.ends_at > ${days(-stoppedDays)} and k.ends_at <= ${days(0)}
          and ${notRevoked(organizationId)} and ${inUse} and ${nothingInItsPlace(organizationId, days(0))}
        order by k.ends_at desc, k.id desc limit ${most})
      union all (select 'revoked', ${ofKey}, r.revoked_at, r.reason, false
        from ${lastRevoked(organizationId, days(-stoppedDays))} r join keys k on ${ofOrganization} and k.id = r.key_id
        where ${inUse} and ${nothingInItsPlace(organizationId, days(0))}
        order by r.revoked_at desc, r.key_id desc limit ${most})
    ) page join products p on p.id = page.product_id
    order by page.due_at, page.id`)
  return rows.map(({ issuedAt, offline, ...row }) => ({
    ...row,
    waiting: { issuedAt: readInstant(issuedAt), offline },
    termEndsAt: readInstantOrNull(row.termEndsAt),
    stopsAt: readInstantOrNull(row.stopsAt),
  }))
}

/** In order already, so that looking at their keys ends with the twentieth; else Postgres looks at all, then sorts. */
const lastRevoked = (
  organizationId: string,
  since: SQL,
) => sql`(select key_id, revoked_at, reason from revocations
  where organization_id = ${organizationId} and restored_at is null and reason <> 'requested' and revoked_at > ${since}
  order by revoked_at desc, key_id desc)`

type Found = Omit<AttentionKey, 'termEndsAt' | 'stopsAt'> & {
  wants: Wants
  termEndsAt: string | null
  stopsAt: string | null
  issuedAt: string
  offline: boolean
}

/** By its ID alone: of organization and ID Postgres takes the index by label, and reads all of the organization's. */
const labelOf = (organizationId: string) =>
  sql`(select case when i.organization_id = ${organizationId} then i.label end from instances i where i.id = page.instance_id)`

const endOfOldKey = (
  organizationId: string,
) => sql`(select least(o.expires_at, (select r.revoked_at from revocations r
  where r.organization_id = ${organizationId} and r.key_id = o.id and r.restored_at is null))
  from keys o where o.organization_id = ${organizationId} and o.id = k.follows_id)`

/** A `case`, so that each key is looked up: of a plain `not exists` Postgres makes a join with all revocations. */
const notRevoked = (organizationId: string, key = sql`k`) => sql`case when exists (select from revocations r
  where r.organization_id = ${organizationId} and r.key_id = ${key}.id and r.restored_at is null) then false else true end`

/** What renews by itself is not asked for, unless charging it has failed. */
const renewsNotByItself = (organizationId: string) => sql`case when k.term_id is not null and exists (
  select from terms t join automatic_renewals a on a.organization_id = ${organizationId}
    and a.subscription_id = t.subscription_id and a.started_at is not null and a.failed_at is null and a.ended_at is null
  where t.organization_id = ${organizationId} and t.id = k.term_id) then false else true end`

/** No key that works unlocks the same product at the same place: bought anew, or within a suite. */
const nothingInItsPlace = (organizationId: string, at: SQL) => sql`not exists (select from keys w
  where w.organization_id = ${organizationId} and (w.instance_id = k.instance_id or w.instance_id is null)
    and w.ends_at > ${at} and w.starts_at <= ${at} and ${notRevoked(organizationId, sql`w`)}
    and (w.product_id = k.product_id or exists (select from suite_products s
      where s.suite_id = w.product_id and s.product_id = k.product_id)))`
