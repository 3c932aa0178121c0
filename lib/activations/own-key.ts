import { sql } from 'drizzle-orm'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { openQuestions } from './questions'

/** What an organization's own people are told of its key beside the verdict. */
export interface OwnKey {
  /** Where the key stands in the portal. */
  page: string
  /** The key that works by now in its place, however many terms later; null where none follows. */
  newer: { shortId: string; page: string } | null
  /** Where it is answered what the GLPI is that called with it last and is not known; null where nothing is asked. */
  question: string | null
}

/** Reads it as the organization that a key belongs to. @throws Unavailable */
export function ownKey(
  own: { organizationId: string; slug: string },
  keyId: string,
  at: Date,
): Promise<OwnKey> {
  const { organizationId, slug } = own
  const page = (id: string) => `/${slug}/keys/${id}`
  return asOrganization(organizationId, async (tx) => {
    const newer = await newestAfter(tx, organizationId, keyId, at)
    const [asked] = await openQuestions(tx, organizationId, { size: 1, keyId })
    return {
      page: page(keyId),
      newer: newer && { shortId: newer.shortId, page: page(newer.id) },
      question: asked ? `/${slug}/questions/${asked.id}` : null,
    }
  })
}

async function newestAfter(tx: OrganizationTx, organizationId: string, keyId: string, at: Date) {
  const moment = sql`${at.toISOString()}::timestamptz`
  const { rows } = await tx.execute<{ id: string; shortId: string }>(sql`
    with recursive later as (
      select n.id, n.short_id, n.starts_at, n.expires_at, 1 as nth from keys n
        where n.organization_id = ${organizationId} and n.follows_id = ${keyId}
      union all
      select n.id, n.short_id, n.starts_at, n.expires_at, l.nth + 1 from later l
        join keys n on n.organization_id = ${organizationId} and n.follows_id = l.id
    )
    select l.id, l.short_id as "shortId" from later l
    where l.starts_at <= ${moment} and (l.expires_at is null or l.expires_at > ${moment})
      and not exists (select from revocations r
        where r.organization_id = ${organizationId} and r.key_id = l.id and r.restored_at is null)
    order by l.nth desc limit 1`)
  return rows[0] ?? null
}
