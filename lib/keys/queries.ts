import { and, asc, desc, eq, isNull, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { products } from '@/db/schema/catalog'
import { instanceAddresses, instances } from '@/db/schema/instances'
import { keys, revocations } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { isRevocationOfKey, type KeyFilter, keysWhere, stateIs } from './filter'
import { type KeyState, stateOf } from './rules'

export const keySorts = ['until', 'product', 'instance'] as const
export type KeySort = (typeof keySorts)[number]

/** Where a page of the list begins: after or before a row, named by its sorting value and its ID. */
export interface Cursor {
  direction: 'after' | 'before'
  value: string
  id: string
}

const successors = alias(keys, 'successors')

const sortColumn: Record<KeySort, SQL> = {
  until: sql`${keys.endsAt}`,
  product: sql`${products.name}`,
  instance: sql`coalesce(${instances.label}, '')`,
}

/** An instant travels as seconds since 1970, `Infinity` for never: a number cannot be malformed on the way back. */
const sortValue = (sort: KeySort): SQL<string> =>
  sort === 'until' ? sql`extract(epoch from ${keys.endsAt})::float8::text` : sql`${sortColumn[sort]}`

const cursorValue = (sort: KeySort, value: string): SQL =>
  sort === 'until' ? sql`to_timestamp(${value}::float8)` : sql`${value}::text`

/** What a key's state and standing are computed from, beside its revocation. */
export const factColumns = {
  issuedAt: keys.issuedAt,
  startsAt: keys.startsAt,
  termEndsAt: keys.termEndsAt,
  expiresAt: keys.expiresAt,
  renewedAt: keys.renewedAt,
  replacedAt: keys.replacedAt,
  followsId: keys.followsId,
  firstSeenAt: keys.firstSeenAt,
}

const columns = {
  id: keys.id,
  shortId: keys.shortId,
  kind: keys.kind,
  binding: keys.binding,
  product: products.name,
  productId: keys.productId,
  instanceId: keys.instanceId,
  instance: instances.label,
  instanceShortId: instances.shortId,
  url: instanceAddresses.url,
  lastFour: keys.lastFour,
  ...factColumns,
  revokedReason: revocations.reason,
  revokedAt: revocations.revokedAt,
  /** The money for its term went back. */
  refundedAt: keys.refundedAt,
  successor: successors.shortId,
}

const instanceOfKey = and(
  eq(instances.organizationId, keys.organizationId),
  eq(instances.id, keys.instanceId),
)

/** Which keys are on the page and in what order, before anything is joined that only the page's rows need. */
function keysOfPage(tx: OrganizationTx, sort: KeySort) {
  const chosen = tx
    .select({ id: keys.id, sortValue: sortValue(sort).as('sort_value') })
    .from(keys)
    .$dynamic()
  if (sort === 'product') return chosen.innerJoin(products, eq(products.id, keys.productId))
  if (sort === 'instance') return chosen.leftJoin(instances, instanceOfKey)
  return chosen
}

function keyRows(tx: OrganizationTx, organizationId: string, chosen: ReturnType<typeof keysOfPage>) {
  const page = chosen.as('page')
  return tx
    .select({ ...columns, sortValue: page.sortValue })
    .from(page)
    .innerJoin(keys, and(eq(keys.organizationId, organizationId), eq(keys.id, page.id)))
    .innerJoin(products, eq(products.id, keys.productId))
    .leftJoin(instances, instanceOfKey)
    .leftJoin(
      instanceAddresses,
      and(
        eq(instanceAddresses.organizationId, keys.organizationId),
        eq(instanceAddresses.instanceId, keys.instanceId),
        eq(instanceAddresses.ordinal, 0),
        sql`${instanceAddresses.retiredAt} is not distinct from ${instances.retiredAt}`,
      ),
    )
    .leftJoin(revocations, isRevocationOfKey)
    .leftJoin(
      successors,
      and(
        eq(successors.organizationId, keys.organizationId),
        eq(successors.followsId, keys.id),
        isNull(successors.refundedAt),
      ),
    )
}

type Selected = Awaited<ReturnType<typeof keyRows>>[number]
export type KeyRow = Selected & { state: KeyState; notYetInGlpi: boolean }

function withState(row: Selected, now: Date): KeyRow {
  const state = stateOf({ ...row, revoked: row.revokedReason !== null }, now)
  const current = state === 'active' || state === 'expiring' || state === 'overdue'
  return { ...row, state, notYetInGlpi: current && row.followsId !== null && row.firstSeenAt === null }
}

/** One page of an organization's keys, and where the pages before and after it begin. */
export async function listKeys(
  tx: OrganizationTx,
  filter: KeyFilter,
  page: { sort: KeySort; cursor?: Cursor | undefined; size: number },
  now: Date,
) {
  const { sort, cursor, size } = page
  const back = cursor?.direction === 'before'
  const order = back ? desc : asc
  const beyond = cursor
    ? sql`(${sortColumn[sort]}, ${keys.id}) ${back ? sql`<` : sql`>`} (${cursorValue(sort, cursor.value)}, ${cursor.id}::uuid)`
    : undefined
  const chosen = keysOfPage(tx, sort)
    .where(and(keysWhere(filter, now), beyond))
    .orderBy(order(sortColumn[sort]), order(keys.id))
    .limit(size + 1)
  const found = await keyRows(tx, filter.organizationId, chosen).orderBy(
    order(sortColumn[sort]),
    order(keys.id),
  )
  const more = found.length > size
  const rows = back ? found.slice(0, size).reverse() : found.slice(0, size)
  const at = (row: Selected | undefined, direction: Cursor['direction']) =>
    row && { direction, value: row.sortValue, id: row.id }
  return {
    rows: rows.map((row) => withState(row, now)),
    previous: (back ? more : cursor) ? at(rows[0], 'before') : undefined,
    next: (back ? true : more) ? at(rows.at(-1), 'after') : undefined,
  }
}

/** The messages say "more than 1,000" for one more than these: a page then takes no longer for ten thousand keys. */
export const mostCounted = 1_000

/**
 * How many keys an organization has, how many of them work now, and how many instances are in use.
 * @returns `most` and one more where there are more
 */
export async function countKeys(tx: OrganizationTx, organizationId: string, now: Date, most = mostCounted) {
  const at = sql`${now.toISOString()}::timestamptz`
  const { rows } = await tx.execute<{ keys: number; working: number; instances: number }>(sql`
    with revoked as (
      select count(*)::int as keys
      from revocations r join keys k on k.organization_id = r.organization_id and k.id = r.key_id
      where r.organization_id = ${organizationId} and r.restored_at is null and k.ends_at > ${at}
    ), all_keys as (
      select from keys k where k.organization_id = ${organizationId} limit ${most + 1}
    ), not_ended as (
      select from keys k where k.organization_id = ${organizationId} and k.ends_at > ${at}
      limit ${most + 1} + (select keys from revoked)
    ), in_use as (
      select from instances i where i.organization_id = ${organizationId} and i.retired_at is null limit ${most + 1}
    )
    select (select count(*)::int from all_keys) as keys,
      (select count(*)::int from not_ended) - (select keys from revoked) as working,
      (select count(*)::int from in_use) as instances`)
  return rows[0] ?? { keys: 0, working: 0, instances: 0 }
}

/**
 * What the list can be filtered by, in one statement: the products of which the organization has keys, and its instances.
 * Of more than `most` instances only the one that is chosen.
 */
export async function filterChoices(
  tx: OrganizationTx,
  organizationId: string,
  chosen: string | undefined,
  most: number,
) {
  const { rows } = await tx.execute<{
    products: { id: string; name: string }[]
    instances: { id: string; label: string }[]
  }>(sql`
    with first as (
      select id, label from instances where organization_id = ${organizationId} order by label, id limit ${most + 1}
    ), shown as (
      select id, label from first where (select count(*) from first) <= ${most}
      union
      select id, label from instances where organization_id = ${organizationId} and id = ${chosen ?? null}::uuid
    )
    select
      (select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name) order by p.name), '[]') from products p
        where exists (select from keys k where k.organization_id = ${organizationId} and k.product_id = p.id)) as products,
      (select coalesce(jsonb_agg(jsonb_build_object('id', id, 'label', label) order by label, id), '[]') from shown) as instances`)
  return rows[0] ?? { products: [], instances: [] }
}

/** The working keys of the whole organization, which no single instance has. */
export function organizationKeys(tx: OrganizationTx, organizationId: string, now: Date) {
  return tx
    .select({ shortId: keys.shortId, product: products.name })
    .from(keys)
    .innerJoin(products, eq(products.id, keys.productId))
    .leftJoin(revocations, isRevocationOfKey)
    .where(
      and(
        eq(keys.organizationId, organizationId),
        eq(keys.binding, 'organization'),
        stateIs('current', now),
        isNull(keys.renewedAt),
      ),
    )
    .orderBy(products.name, keys.id)
}
