import { sql } from 'drizzle-orm'
import { readInstant } from '@/db/read-instant'
import type { OrganizationTx } from '@/db/scope'
import { urgentDays, urgentHours, waitsUrgently } from './rules'

/** A new key of a term that no GLPI was seen with, while the one before it is about to end, or has ended. */
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
      and k.first_seen_at is null and k.ends_at > ${later(0)} and i.retired_at is null
      and o.expires_at > ${later(-urgentDays * 86_400_000)} and o.expires_at <= ${later(urgentHours * 3_600_000)}
      and not exists (select from revocations r where r.organization_id = ${organizationId} and r.key_id in (k.id, o.id)
        and r.restored_at is null)
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
