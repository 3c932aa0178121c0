import { and, desc, eq, type SQL, sql } from 'drizzle-orm'
import { auditEntries, auditKinds } from '@/db/schema/audit'
import { instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import { people } from '@/db/schema/people'
import type { OrganizationTx } from '@/db/scope'
import { entryColumns } from './queries'

export { auditKinds }
export type AuditKind = (typeof auditKinds)[number]
export const auditOutcomes = ['done', 'refused'] as const

export interface ActivityFilter {
  organizationId: string
  /** A person's ID, or the vendor: its staff, and the portal by itself. */
  who?: string | 'vendor' | undefined
  kind?: AuditKind | undefined
  outcome?: (typeof auditOutcomes)[number] | undefined
  from?: Date | undefined
  /** The first moment that is no longer meant. */
  to?: Date | undefined
}

/** Where a page begins: `after` shows what is older, `before` what is newer than the entry of that number. */
export interface ActivityCursor {
  direction: 'after' | 'before'
  sequence: number
}

export type ActivityRow = Awaited<ReturnType<typeof rowsOfPage>>[number]

/** One page of what happened in an organization, the newest first, and where the pages beside it begin. */
export async function listActivity(
  tx: OrganizationTx,
  filter: ActivityFilter,
  { cursor, size }: { cursor?: ActivityCursor | undefined; size: number },
) {
  const back = cursor?.direction === 'before'
  const found = await rowsOfPage(tx, filter.organizationId, sequencesOfPage(filter, cursor, size + 1))
  const more = found.length > size
  // Walked backwards it is the newest that is one too many.
  const rows = back && more ? found.slice(1) : found.slice(0, size)
  const at = (row: ActivityRow | undefined, direction: ActivityCursor['direction']) =>
    row && { direction, sequence: row.sequence }
  return {
    rows,
    previous: (back ? more : cursor) ? at(rows[0], 'before') : undefined,
    next: (back ? true : more) ? at(rows.at(-1), 'after') : undefined,
  }
}

function rowsOfPage(tx: OrganizationTx, organizationId: string, sequences: SQL) {
  return tx
    .select({
      ...entryColumns,
      kind: auditEntries.kind,
      instanceId: auditEntries.instanceId,
      instance: instances.label,
      key: keys.shortId,
      keyInstanceId: keys.instanceId,
    })
    .from(auditEntries)
    .leftJoin(people, eq(people.id, auditEntries.personId))
    .leftJoin(
      instances,
      and(eq(instances.organizationId, organizationId), eq(instances.id, auditEntries.instanceId)),
    )
    .leftJoin(keys, and(eq(keys.organizationId, organizationId), eq(keys.id, auditEntries.keyId)))
    .where(
      and(eq(auditEntries.organizationId, organizationId), sql`${auditEntries.sequence} in (${sequences})`),
    )
    .orderBy(desc(auditEntries.sequence))
}

/**
 * Which entries are on the page. A filter is taken apart into the groups of one kind and one outcome that it means: in
 * each of them the entries stand in an index one behind the other, however rare they are among a million others.
 */
function sequencesOfPage(filter: ActivityFilter, cursor: ActivityCursor | undefined, size: number): SQL {
  const { who, kind, outcome } = filter
  const order = cursor?.direction === 'before' ? sql`asc` : sql`desc`
  const within = entriesWithin(filter, cursor)
  if (!who && !kind && !outcome) {
    return sql`select a.sequence from audit_entries a where ${within} order by a.sequence ${order} limit ${size}`
  }
  const groups = (kind ? [kind] : auditKinds).flatMap((one) =>
    (outcome ? [outcome] : auditOutcomes).map((each) => sql`(${one}::text, ${each === 'refused'}::boolean)`),
  )
  const byWhom = who === 'vendor' ? sql`and a.by_vendor` : who ? sql`and a.person_id = ${who}::uuid` : sql``
  return sql`select page.sequence from (values ${sql.join(groups, sql`, `)}) g (kind, refused)
    cross join lateral (
      select a.sequence from audit_entries a
      where ${within} ${byWhom} and a.kind = g.kind and a.refused = g.refused
      order by a.sequence ${order} limit ${size}
    ) page order by page.sequence ${order} limit ${size}`
}

/** Entries are dated when their command began and numbered when it ended, which is never an hour later. */
const disorder = 3_600_000
/** An expression, so that no plan reads a whole year by its days, to then sort it by numbers. */
const beginning = sql`(a.at + interval '0')`

/**
 * The organization, the days and where the page begins. Days as numbers too, so that no other day's entries are read;
 * each number a select of its own, since behind row security no index serves a comparison with a `coalesce`.
 */
function entriesWithin(
  { organizationId, from, to }: ActivityFilter,
  cursor: ActivityCursor | undefined,
): SQL {
  const conditions = [sql`a.organization_id = ${organizationId}::uuid`]
  const at = (instant: Date, milliseconds: number) =>
    sql`${new Date(instant.getTime() + milliseconds).toISOString()}::timestamptz`
  if (from) {
    conditions.push(sql`${beginning} >= ${at(from, 0)} and a.sequence > (select coalesce((select b.sequence from audit_entries b
      where b.organization_id = ${organizationId}::uuid and b.at < ${at(from, -disorder)} order by b.at desc limit 1), 0))`)
  }
  if (to) {
    conditions.push(sql`${beginning} < ${at(to, 0)} and a.sequence < (select coalesce((select b.sequence from audit_entries b
      where b.organization_id = ${organizationId}::uuid and b.at >= ${at(to, disorder)} order by b.at limit 1), ${Number.MAX_SAFE_INTEGER}::bigint))`)
  }
  if (cursor) {
    const beyond = cursor.direction === 'before' ? sql`>` : sql`<`
    conditions.push(sql`a.sequence ${beyond} ${cursor.sequence}::bigint`)
  }
  return sql.join(conditions, sql` and `)
}

/**
 * The people who stand in an organization's trail, members still or not, by name. Each is found from the one before, in
 * an index: what a single one did a million times is not read.
 */
export async function peopleOfActivity(
  tx: OrganizationTx,
  organizationId: string,
  most: number,
): Promise<{ id: string; name: string }[]> {
  const { rows } = await tx.execute<{ id: string; name: string }>(sql`
    with recursive found (id, n) as (
      (select a.person_id, 1 from audit_entries a
        where a.organization_id = ${organizationId}::uuid and a.person_id is not null order by a.person_id limit 1)
      union all
      select (select a.person_id from audit_entries a
        where a.organization_id = ${organizationId}::uuid and a.person_id > found.id order by a.person_id limit 1), n + 1
      from found where found.id is not null and n < ${most}
    )
    select people.id, coalesce(nullif(people.name, ''), people.email) as name
    from found join people on people.id = found.id order by lower(coalesce(nullif(people.name, ''), people.email)), people.id`)
  return rows
}
