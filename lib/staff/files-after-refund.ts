import { sql } from 'drizzle-orm'
import { readInstant } from '@/db/read-instant'
import type { StaffTx } from '@/db/scope'

/** An offline file that works although the money for its key has gone back: nobody can take it back. */
export interface FileAfterRefund {
  id: string
  slug: string
  organization: string
  shortId: string
  product: string
  instanceId: string
  installationId: string
  worksUntil: Date
  /** Since when the money is gone. */
  since: Date
  /** `waits`: what is paid is the key's own term alone, which lies ahead. */
  because: 'refunded' | 'disputed' | 'waits'
}

/**
 * Offline files that outlive a refund or a lost dispute (DESIGN §2, rule 9), in whatever organization, what works longest
 * first; at most fifty. Until they have ended, are said to be gone, or staff have seen to them since.
 */
export async function filesAfterRefund(tx: StaffTx, now: Date): Promise<FileAfterRefund[]> {
  const at = sql`${now.toISOString()}::timestamptz`
  const { rows } = await tx.execute<
    Omit<FileAfterRefund, 'worksUntil' | 'since'> & Record<'worksUntil' | 'since', string>
  >(sql`
    select f.id, o.slug, o.name as organization, k.short_id as "shortId", p.name as product,
      f.instance_id as "instanceId", f.installation_id as "installationId", f.works_until as "worksUntil",
      gone.since, gone.because
    from offline_files f
      join keys k on k.organization_id = f.organization_id and k.id = f.key_id
      join organizations o on o.id = f.organization_id
      join products p on p.id = coalesce(f.product_id, k.product_id)
      cross join lateral (
        select r.revoked_at as since, r.reason::text as because from revocations r
        where r.organization_id = k.organization_id and r.key_id = k.id and r.restored_at is null
          and r.reason in ('refunded', 'disputed')
        union all
        select max(b.refunded_at), 'waits' from terms t
          join terms b on b.organization_id = t.organization_id and b.subscription_id = t.subscription_id
            and b.refunded_at is not null
        where t.organization_id = k.organization_id and t.id = k.term_id and k.starts_at > ${at}
          and not exists (select from revocations r
            where r.organization_id = k.organization_id and r.key_id = k.id and r.restored_at is null)
      ) gone
    where f.works_until > ${at} and f.gone_at is null and gone.since is not null and f.issued_at <= gone.since
      and not exists (select from offline_file_closings c
        where c.organization_id = f.organization_id and c.file_id = f.id and c.closed_at >= gone.since)
    order by f.works_until desc, f.id limit 50`)
  return rows.map(({ worksUntil, since, ...row }) => ({
    ...row,
    worksUntil: readInstant(worksUntil),
    since: readInstant(since),
  }))
}
