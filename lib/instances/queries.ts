import { and, asc, desc, eq, inArray, isNotNull, isNull, notInArray, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { readInstantOrNull } from '@/db/read-instant'
import { sightings } from '@/db/schema/activations'
import { instanceAddresses, instances } from '@/db/schema/instances'
import type { OrganizationTx } from '@/db/scope'
import { normalizeShortId } from '@/lib/ids'
import { instanceMatches } from './search'

/** Where a page of the list begins: after or before an instance, which may have been renamed or retired since. */
export interface InstanceCursor {
  direction: 'after' | 'before'
  instanceId: string
}

export interface InstanceList {
  /** IDs that come first, in this order; unknown and retired ones are left out. */
  first?: readonly string[]
  limit: number
  cursor?: InstanceCursor | undefined
  /** What was typed into the search box: a part of the label or of an address, or the short ID. */
  search?: string | undefined
  /** Retired ones instead of those in use. */
  retired?: boolean
}

const originals = alias(instances, 'originals')

interface Range {
  where: SQL | undefined
  order: typeof asc
  limit: number
}

/** The limit is set before anything is joined: else Postgres joins all of an organization's instances, and then sorts. */
function instanceRows(tx: OrganizationTx, { where, order, limit }: Range) {
  const page = tx
    .select()
    .from(instances)
    .where(where)
    .orderBy(order(instances.label), order(instances.id))
    .limit(limit)
    .as('page')
  return tx
    .select({
      id: page.id,
      shortId: page.shortId,
      label: page.label,
      environment: page.environment,
      testOf: originals.label,
      glpiVersion: page.glpiVersion,
      retiredAt: page.retiredAt,
      url: instanceAddresses.url,
      /** When its GLPI last called with a key, whichever; null where none has. */
      lastSeenAt: sql<Date | null>`(select max(${sightings.lastAt}) from ${sightings}
        where ${sightings.organizationId} = ${page.organizationId} and ${sightings.instanceId} = ${page.id})`.mapWith(
        readInstantOrNull,
      ),
    })
    .from(page)
    .leftJoin(
      instanceAddresses,
      and(
        eq(instanceAddresses.organizationId, page.organizationId),
        eq(instanceAddresses.instanceId, page.id),
        eq(instanceAddresses.ordinal, 0),
        // A retired instance shows the addresses that it had at the end.
        sql`${instanceAddresses.retiredAt} is not distinct from ${page.retiredAt}`,
      ),
    )
    .leftJoin(
      originals,
      and(eq(originals.organizationId, page.organizationId), eq(originals.id, page.testOfId)),
    )
    .orderBy(order(page.label), order(page.id))
}

export type InstanceRow = Awaited<ReturnType<typeof instanceRows>>[number]

/**
 * Instances by label: at most two queries, whose rows are those that are shown, however many the organization has.
 * @returns also where the pages before and after begin; undefined where there is none.
 */
export async function listInstances(tx: OrganizationTx, organizationId: string, wanted: InstanceList) {
  const { first = [], limit, cursor } = wanted
  const back = cursor?.direction === 'before'
  const ofList = and(
    eq(instances.organizationId, organizationId),
    wanted.retired ? isNotNull(instances.retiredAt) : isNull(instances.retiredAt),
  )
  const pinned = await inOrder(tx, ofList, first.slice(0, limit))
  const where = and(
    ofList,
    pinned.length > 0
      ? notInArray(
          instances.id,
          pinned.map(({ id }) => id),
        )
      : undefined,
    wanted.search?.trim() ? instanceMatches(organizationId, wanted.search.trim()) : undefined,
    cursor && beyond(organizationId, cursor),
  )
  const left = limit - pinned.length
  const found = await instanceRows(tx, { where, order: back ? desc : asc, limit: left + 1 })
  const more = found.length > left
  const page = found.slice(0, left)
  const rows = [...pinned, ...(back ? page.reverse() : page)]
  const at = (row: InstanceRow | undefined, direction: InstanceCursor['direction']) =>
    row && { direction, instanceId: row.id }
  return {
    rows,
    previous: (back ? more : cursor) ? at(rows[0], 'before') : undefined,
    next: (back ? true : more) ? at(rows.at(-1), 'after') : undefined,
  }
}

async function inOrder(tx: OrganizationTx, ofList: SQL | undefined, ids: readonly string[]) {
  if (ids.length === 0) return []
  const where = and(ofList, inArray(instances.id, [...ids]))
  const rows = await instanceRows(tx, { where, order: asc, limit: ids.length })
  return rows.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))
}

function beyond(organizationId: string, { direction, instanceId }: InstanceCursor): SQL {
  return sql`(${instances.label}, ${instances.id}) ${direction === 'after' ? sql`>` : sql`<`} (
    select i.label, i.id from ${instances} i where i.organization_id = ${organizationId} and i.id = ${instanceId}::uuid)`
}

/** How many instances are in use and how many are retired. */
export async function countInstances(tx: OrganizationTx, organizationId: string) {
  const [counted] = await tx
    .select({
      inUse: sql<number>`(count(*) filter (where ${instances.retiredAt} is null))::int`,
      retired: sql<number>`(count(*) filter (where ${instances.retiredAt} is not null))::int`,
    })
    .from(instances)
    .where(eq(instances.organizationId, organizationId))
  return counted ?? { inUse: 0, retired: 0 }
}

/** The instance that somebody names by its ID or its short ID, as people type it; null where there is none in use. */
export async function instanceNamed(tx: OrganizationTx, organizationId: string, idOrShortId: string) {
  const shortId = normalizeShortId(idOrShortId)
  const [named] = await tx
    .select({ id: instances.id, shortId: instances.shortId })
    .from(instances)
    .where(
      and(
        eq(instances.organizationId, organizationId),
        isNull(instances.retiredAt),
        shortId ? eq(instances.shortId, shortId) : sql`${instances.id}::text = ${idOrShortId}`,
      ),
    )
  return named ?? null
}

/** The production instances that a test copy may be a copy of, by label; one more than `most` says that there are more. */
export function productionInstances(tx: OrganizationTx, organizationId: string, most: number) {
  return tx
    .select({ id: instances.id, shortId: instances.shortId, label: instances.label })
    .from(instances)
    .where(
      and(
        eq(instances.organizationId, organizationId),
        eq(instances.environment, 'production'),
        isNull(instances.retiredAt),
      ),
    )
    .orderBy(instances.label, instances.id)
    .limit(most + 1)
}
