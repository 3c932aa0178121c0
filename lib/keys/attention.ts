import { and, eq, type SQL, sql } from 'drizzle-orm'
import { unionAll } from 'drizzle-orm/pg-core'
import { products } from '@/db/schema/catalog'
import { instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { lastDayBefore } from '@/lib/organizations/calendar'
import { expiringDays } from './rules'

interface AttentionKey {
  id: string
  shortId: string
  product: string
  kind: 'subscription' | 'trial' | 'permanent'
  instanceId: string | null
  instance: string | null
  termEndsAt: Date | null
  expiresAt: Date | null
}

/** A line of the overview: keys of one instance that want the same thing, at the same day. */
export interface AttentionLine {
  what: 'due' | 'overdue' | 'trial_ends' | 'not_yet_in_glpi'
  keys: [AttentionKey, ...AttentionKey[]]
}

export interface Attention {
  lines: AttentionLine[]
  /** There are more keys than the first fifty of each kind that were looked at. */
  more: boolean
}

const most = 50

/** What needs doing first: what ends within 30 days or is over and still works, and new keys that wait for GLPI. */
export async function attention(
  tx: OrganizationTx,
  organizationId: string,
  timeZone: string,
  now: Date,
): Promise<Attention> {
  const at = sql`${now.toISOString()}::timestamptz`
  const soon = new Date(now.getTime() + expiringDays * 86_400_000).toISOString()
  const found = await withNames(
    tx,
    organizationId,
    unionAll(
      first(tx, organizationId, {
        due: true,
        wants: sql`${keys.renewedAt} is null and ${keys.dueAt} <= ${soon}::timestamptz and ${keys.endsAt} > ${at}`,
      }),
      first(tx, organizationId, {
        due: false,
        wants: sql`${keys.followsId} is not null and ${keys.firstSeenAt} is null and ${keys.endsAt} > ${at}`,
      }),
    ).as('page'),
  )
  const due = found.filter((key) => key.due)
  const waiting = found.filter((key) => !key.due)
  const lines = new Map<string, AttentionLine>()
  const add = (what: AttentionLine['what'], key: AttentionKey, sameDay: string) => {
    const group = `${what} ${key.instanceId} ${sameDay}`
    const line = lines.get(group)
    if (line) line.keys.push(key)
    else lines.set(group, { what, keys: [key] })
  }
  for (const key of due) {
    const end = key.termEndsAt ?? key.expiresAt
    if (!end) continue
    const what = key.kind === 'trial' ? 'trial_ends' : end <= now ? 'overdue' : 'due'
    add(what, key, lastDayBefore(end, timeZone))
  }
  for (const key of waiting) add('not_yet_in_glpi', key, '')
  return { lines: [...lines.values()], more: due.length === most || waiting.length === most }
}

/** The limit is set before anything is joined: else Postgres joins every due key of the organization, and then sorts. */
function first(tx: OrganizationTx, organizationId: string, { due, wants }: { due: boolean; wants: SQL }) {
  return tx
    .select({
      due: (due ? sql<boolean>`true` : sql<boolean>`false`).as('due'),
      id: keys.id,
      shortId: keys.shortId,
      productId: keys.productId,
      kind: keys.kind,
      instanceId: keys.instanceId,
      termEndsAt: keys.termEndsAt,
      expiresAt: keys.expiresAt,
      dueAt: keys.dueAt,
    })
    .from(keys)
    .where(
      and(
        eq(keys.organizationId, organizationId),
        wants,
        sql`not exists (select from revocations r
          where r.organization_id = ${organizationId} and r.key_id = ${keys}.id and r.restored_at is null)`,
        sql`not exists (select from instances i
          where i.organization_id = ${organizationId} and i.id = ${keys}.instance_id and i.retired_at is not null)`,
      ),
    )
    .orderBy(keys.dueAt, keys.id)
    .limit(most)
}

type Page = ReturnType<ReturnType<typeof first>['as']>

function withNames(tx: OrganizationTx, organizationId: string, page: Page) {
  return (
    tx
      .select({
        due: page.due,
        id: page.id,
        shortId: page.shortId,
        product: products.name,
        kind: page.kind,
        instanceId: page.instanceId,
        instance: instances.label,
        termEndsAt: page.termEndsAt,
        expiresAt: page.expiresAt,
      })
      .from(page)
      .innerJoin(products, eq(products.id, page.productId))
      // Not the page's organization: for a value that it does not know Postgres takes the index by label, and reads all of it.
      .leftJoin(
        instances,
        and(eq(instances.organizationId, organizationId), eq(instances.id, page.instanceId)),
      )
      .orderBy(page.dueAt, page.id)
  )
}
