import { sql } from 'drizzle-orm'
import { readInstant, readInstantOrNull } from '@/db/read-instant'
import type { OrganizationTx } from '@/db/scope'
import { urgentDays } from '@/lib/keys/rules'
import { filesWork, pluginsWait } from '@/lib/keys/waiting'
import { type Returned, type WayFacts, wayOf } from '@/lib/subscriptions/rules'
import { type PickUpPlace, pickUpsOf } from './pick-ups'

interface NamedKey {
  id: string
  shortId: string
}

/** A renewal, from its payment until GLPI uses its key. */
export interface RenewalWay {
  oldKey: NamedKey
  newKey: NamedKey
  steps: ReturnType<typeof wayOf>
  /** Its payment went back, and which key works in its place, if any does. */
  returned: (Returned & { counts: NamedKey | null }) | null
  /** Where the key is in use, each with how far the new one has come; none where files are used, which tell nothing, or where
   * its payment went back. */
  places: PickUpPlace[]
}

/** The renewals in which a key is the new one or the old one, the older first. */
export async function renewalsOf(
  tx: OrganizationTx,
  organizationId: string,
  keyId: string,
  now: Date,
): Promise<RenewalWay[]> {
  const since = sql`${new Date(now.getTime() - urgentDays * 86_400_000).toISOString()}::timestamptz`
  const { rows } = await tx.execute<Written>(sql`
    select o.id as "oldId", o.short_id as "oldShortId", k.id as "newId", k.short_id as "newShortId",
      k.issued_at as "issuedAt", k.first_seen_at as "firstSeenAt", c.ended_at as "paidAt",
      (select min(m.sent_at) from sent_mails m where m.organization_id = ${organizationId}
        and m.about = 'keys-ready.' || c.id) as "mailedAt",
      (select min(f.issued_at) from offline_files f where f.organization_id = ${organizationId}
        and f.key_id = k.id) as "fileFetchedAt",
      (select max(s.last_at) from sightings s where s.organization_id = ${organizationId} and s.key_id = o.id) as "oldCalledAt",
      (select least(o.expires_at, min(r.revoked_at)) from revocations r where r.organization_id = ${organizationId}
        and r.key_id = o.id and r.restored_at is null) as "oldStopsAt",
      ${filesWork(organizationId, since)} as offline, ${pluginsWait(sql`${now.toISOString()}::timestamptz`)} as "pluginsWait", back.reason, back.at as "returnedAt", ${countsNow(organizationId, now)} as counts
    from keys k
    left join lateral (${wentBack(organizationId)}) back on true
    join keys o on o.organization_id = ${organizationId} and o.id = k.follows_id
    left join checkout_lines l on l.organization_id = ${organizationId} and l.term_id = k.term_id
    left join checkouts c on c.organization_id = ${organizationId} and c.id = l.checkout_id and c.ended = 'paid'
    where k.organization_id = ${organizationId} and k.kind = 'subscription' and ${keyId} in (k.id, k.follows_id)
    order by k.issued_at, k.id`)
  const places = await readPlaces(tx, organizationId, rows)
  return rows.map((row) => {
    const facts = factsOf(row)
    return {
      oldKey: { id: row.oldId, shortId: row.oldShortId },
      newKey: { id: row.newId, shortId: row.newShortId },
      places: places.get(row.newId) ?? [],
      returned: facts.returned && { ...facts.returned, counts: row.counts },
      steps: wayOf(facts, now),
    }
  })
}

function factsOf({ issuedAt, offline, pluginsWait, reason, returnedAt, ...times }: Written): WayFacts {
  const at = readInstantOrNull(returnedAt)
  return {
    issuedAt: readInstant(issuedAt),
    offline,
    pluginsWait,
    paidAt: readInstantOrNull(times.paidAt),
    mailedAt: readInstantOrNull(times.mailedAt),
    firstSeenAt: readInstantOrNull(times.firstSeenAt),
    fileFetchedAt: readInstantOrNull(times.fileFetchedAt),
    oldCalledAt: readInstantOrNull(times.oldCalledAt),
    oldStopsAt: readInstantOrNull(times.oldStopsAt),
    returned: reason && at ? { reason, at } : null,
  }
}

/** Its term is paid no longer, or staff have revoked the key for it by hand. */
const wentBack = (organizationId: string) => sql`
  select f.reason::text as reason, f.refunded_at as at from term_refunds f
  where f.organization_id = ${organizationId} and f.term_id = k.term_id and f.restored_at is null
  union all
  select r.reason::text, r.revoked_at from revocations r
  where r.organization_id = ${organizationId} and r.key_id = k.id and r.restored_at is null
    and r.reason in ('refunded', 'disputed')
  limit 1`

/** The newest key that works, of the terms of its subscription that count or of before these. */
const countsNow = (organizationId: string, now: Date) => sql`(
  select jsonb_build_object('id', c.id, 'shortId', c.short_id) from keys c
  where c.organization_id = ${organizationId} and c.superseded_at is null and c.refunded_at is null
    and (c.id = o.id or c.term_id in (select t.id from terms its join terms t on t.organization_id = ${organizationId}
      and t.subscription_id = its.subscription_id where its.organization_id = ${organizationId} and its.id = k.term_id))
    and c.starts_at <= ${now.toISOString()}::timestamptz and c.ends_at > ${now.toISOString()}::timestamptz
    and not exists (select from revocations r where r.organization_id = ${organizationId} and r.key_id = c.id
      and r.restored_at is null)
  order by c.issued_at desc, c.id desc limit 1)`

/** One after the other: a transaction has one connection. */
async function readPlaces(tx: OrganizationTx, organizationId: string, rows: Written[]) {
  const places = new Map<string, PickUpPlace[]>()
  for (const row of rows)
    if (!row.offline && !row.reason) places.set(row.newId, await pickUpsOf(tx, organizationId, row))
  return places
}

type Times = Exclude<keyof WayFacts, 'issuedAt' | 'offline' | 'pluginsWait' | 'returned'>
type Written = Record<'oldId' | 'oldShortId' | 'newId' | 'newShortId' | 'issuedAt', string> &
  Record<Times | 'returnedAt', string | null> & {
    offline: boolean
    pluginsWait: boolean
    reason: Returned['reason'] | null
    counts: NamedKey | null
  }
