import { sql } from 'drizzle-orm'
import { asOrganization, asStaff, type OrganizationTx, type StaffTx } from '@/db/scope'
import { catalog, unlockedBy } from './catalog'
import type { FoundKey } from './facts'
import { openQuestions } from './questions'
import type { Asked } from './rules'

/** What an organization's own people are told of its key beside the verdict. */
export interface OwnKey {
  /** Where the key stands in the portal. */
  page: string
  /** The key that works by now in its place, however many terms later; null where none follows. */
  newer: { shortId: string; page: string } | null
  /** Where the key stands that was asked for, on the same instance; else the instance itself. Null where neither is. */
  right: string | null
  /** Where it is answered what the GLPI is that called with it last and is not known; null where nothing is asked. */
  question: string | null
}

/**
 * Reads it as the organization that a key belongs to.
 * @param asked says which product and kinds a key was asked for
 * @throws Unavailable
 */
export function ownKey(slug: string, found: FoundKey, asked: Asked, at: Date): Promise<OwnKey> {
  const { organizationId, id } = found
  const page = (keyId: string) => `/${slug}/keys/${keyId}`
  return asOrganization(organizationId, async (tx) => {
    const newer = await newestAfter(tx, organizationId, id, at)
    const [question] = await openQuestions(tx, organizationId, { size: 1, keyId: id })
    return {
      page: page(id),
      newer: newer && { shortId: newer.shortId, page: page(newer.id) },
      right: await rightFor(tx, slug, found, asked, at),
      question: question ? `/${slug}/questions/${question.id}` : null,
    }
  })
}

/** The same for the vendor's people, who have the key's page from everywhere, and are asked nothing. @throws Unavailable */
export async function staffsKey(personId: string, found: FoundKey, asked: Asked, at: Date): Promise<OwnKey> {
  const { slug } = found.organization
  const page = (keyId: string) => `/${slug}/keys/${keyId}`
  return asStaff(personId, async (tx) => {
    const newer = await newestAfter(tx, found.organizationId, found.id, at)
    return {
      page: page(found.id),
      newer: newer && { shortId: newer.shortId, page: page(newer.id) },
      right: await rightFor(tx, slug, found, asked, at),
      question: null,
    }
  })
}

/** Of a key that was asked for another product or kind: the one that works there, or where it would stand. */
async function rightFor(
  tx: OrganizationTx | StaffTx,
  slug: string,
  { organizationId, id }: FoundKey,
  { product, kinds }: Asked,
  at: Date,
): Promise<string | null> {
  const products = [...(await catalog()).byId.values()].filter(
    (one) => !product || unlockedBy(one).includes(product),
  )
  const moment = sql`${at.toISOString()}::timestamptz`
  const { rows } = await tx.execute<{ instanceId: string | null; keyId: string | null }>(sql`
    select pasted.instance_id as "instanceId", (select k.id from keys k
      where k.organization_id = ${organizationId} and k.id <> pasted.id
      and (k.instance_id = pasted.instance_id or k.binding = 'organization')
      and k.product_id = any(${sql.param(products.map((one) => one.id))}::uuid[])
      and k.kind::text = any(${sql.param(kinds ?? ['subscription', 'trial', 'permanent'])}::text[])
      and k.starts_at <= ${moment} and (k.expires_at is null or k.expires_at > ${moment})
      and not exists (select from revocations r
        where r.organization_id = ${organizationId} and r.key_id = k.id and r.restored_at is null)
      order by k.instance_id is null, k.starts_at desc, k.id limit 1) as "keyId"
    from keys pasted
    where pasted.organization_id = ${organizationId} and pasted.id = ${id}`)
  const { instanceId, keyId } = rows[0] ?? {}
  if (keyId) return `/${slug}/keys/${keyId}`
  return instanceId ? `/${slug}/instances/${instanceId}` : null
}

async function newestAfter(tx: OrganizationTx | StaffTx, organizationId: string, keyId: string, at: Date) {
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
