import { sql } from 'drizzle-orm'
import { readInstant } from '@/db/read-instant'
import type { OrganizationTx } from '@/db/scope'
import { urgentDays, urgentHours, waitsUrgently } from './rules'

/** A new key of a term that no GLPI was seen with, or not each plugin that had the one before it, while the one before it is about to end, or has ended. */
export interface WaitingKey {
  termId: string
  shortId: string
  product: string
  instance: string | null
  oldShortId: string
  oldEndsAt: Date
}

/** The new keys that have to be put into GLPI now, those first whose old ones end first; no more than 500. */
export async function waitingKeys(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
): Promise<WaitingKey[]> {
  const later = (milliseconds: number) =>
    sql`${new Date(now.getTime() + milliseconds).toISOString()}::timestamptz`
  const { rows } = await tx.execute<Written>(sql`
    select k.term_id as "termId", k.short_id as "shortId", p.name as product, i.label as instance, k.issued_at as "issuedAt",
      o.short_id as "oldShortId", o.expires_at as "oldEndsAt", ${filesWork(organizationId, later(-urgentDays * 86_400_000))} as offline
    from keys k
    join keys o on o.organization_id = ${organizationId} and o.id = k.follows_id
    join products p on p.id = k.product_id
    left join instances i on i.organization_id = ${organizationId} and i.id = k.instance_id
    where k.organization_id = ${organizationId} and k.kind = 'subscription' and k.follows_id is not null
      and (k.first_seen_at is null or ${pluginsWait(later(0))}) and k.ends_at > ${later(0)} and i.retired_at is null
      and o.expires_at > ${later(-urgentDays * 86_400_000)} and o.expires_at <= ${later(urgentHours * 3_600_000)}
      and not exists (select from revocations r where r.organization_id = ${organizationId} and r.key_id in (k.id, o.id)
        and r.restored_at is null)
      and not ${comesByItself(organizationId, now)}
    order by o.expires_at, k.id limit 500`)
  return rows.flatMap(({ issuedAt, oldEndsAt, offline, ...row }) => {
    const oldStopsAt = readInstant(oldEndsAt)
    const facts = { issuedAt: readInstant(issuedAt), oldStopsAt, offline }
    return waitsUrgently(facts, now) ? [{ ...row, oldEndsAt: oldStopsAt }] : []
  })
}

type Written = Omit<WaitingKey, 'oldEndsAt'> & { issuedAt: string; oldEndsAt: string; offline: boolean }

/**
 * Whether a file of the key `k`, or of the one that it follows, works in an installation that reaches no portal, or did at
 * that moment: one of the old key ends with it.
 */
export const filesWork = (organizationId: string, at: ReturnType<typeof sql>) =>
  sql<boolean>`exists (select from offline_files f where f.organization_id = ${organizationId}
    and f.key_id in (k.id, k.follows_id) and f.gone_at is null and f.works_until > ${at})`

/** A plugin refreshes daily; who has not for this long may do so no more. */
const provedWithinHours = 72
/** Whoever was given a key and does not use it within a day does not take it over. */
const usedWithinHours = 25

/**
 * Whether a plugin used the key `o` until now, or until that ended, and does not use the key `k` that follows it: GLPI's own
 * box may have that already, which tells nothing of the plugin.
 */
export const pluginsWait = (at: ReturnType<typeof sql>) => sql<boolean>`exists (select from activations a
    where a.organization_id = o.organization_id and a.key_id = o.id and a.given_back_at is null
      and a.refreshed_at > least(o.expires_at, ${at}) - make_interval(hours => ${provedWithinHours})
      and not exists (select from activations n where n.organization_id = o.organization_id and n.key_id = k.id
        and n.instance_id = a.instance_id and n.installation_id = a.installation_id and n.given_back_at is null))`

/**
 * Whether the key `k` comes into GLPI without anybody, as far as is known: the key service has it to hand over, each
 * installation that still uses the key before it has shown its secret of late, so that it is given it while that one works,
 * and none was given it a day ago and went on with the old one. Written as a `case`, so that each key is looked up.
 */
export function comesByItself(organizationId: string, now: Date) {
  const at = (hours: number) => sql`${new Date(now.getTime() - hours * 3_600_000).toISOString()}::timestamptz`
  return sql<boolean>`case when exists (select from sealed_keys s
      join keys o on o.organization_id = ${organizationId} and o.id = s.under_id and o.expires_at > ${at(0)}
      join products p on p.id = o.product_id and p.hands_over
      where s.organization_id = ${organizationId} and s.key_id = k.id and s.under_id = k.follows_id)
    and (select bool_and(a.proved_at is not null and a.proved_at > ${at(provedWithinHours)}
        and not exists (select from handovers h where h.organization_id = ${organizationId} and h.activation_id = a.id
          and h.key_id = k.id and h.handed_at < ${at(usedWithinHours)}))
      from activations a where a.organization_id = ${organizationId} and a.key_id = k.follows_id
        and a.given_back_at is null and a.lease_ends_at > ${at(0)}) then true else false end`
}

/** Which of some new keys come into GLPI so, by their IDs. */
export async function keysThatCome(
  tx: OrganizationTx,
  organizationId: string,
  keyIds: readonly string[],
  now: Date,
): Promise<Set<string>> {
  if (keyIds.length === 0) return new Set()
  const { rows } = await tx.execute<{ id: string }>(sql`
    select k.id from keys k where k.organization_id = ${organizationId}
      and k.id in (${sql.join(
        keyIds.map((id) => sql`${id}`),
        sql`, `,
      )}) and ${comesByItself(organizationId, now)}`)
  return new Set(rows.map(({ id }) => id))
}
