import { type SQL, sql } from 'drizzle-orm'
import { type AnyPgColumn, customType, pgPolicy, timestamp, uuid } from 'drizzle-orm/pg-core'

/** A point in time. Always with its zone, so that no server setting can shift it. */
export const instant = () => timestamp({ withTimezone: true, mode: 'date' })

export const id = () => uuid().primaryKey()

export const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/**
 * A text as searches compare it: without accents, case and ligatures, so that "mediatheque" finds "Médiathèque".
 * An expression of what Postgres brings, since a column that is generated takes nothing less than immutable: `unaccent`
 * is not, and a function of ours would first have to be granted to whoever inserts.
 */
export const folded = (text: SQL | AnyPgColumn): SQL<string> =>
  sql`translate(replace(replace(replace(lower(regexp_replace(normalize(${text}, NFKD), '[\\u0300-\\u036f]', '', 'g')), 'œ', 'oe'), 'æ', 'ae'), 'ß', 'ss'), 'đıłø', 'dilo')`

/** Postgres refuses a zone that it does not know by itself, but takes a rule such as `FOO5` for one. */
export const isTimeZone = (zone: AnyPgColumn) =>
  sql`${zone} ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z_-]+)+)$' and timestamptz 'epoch' at time zone ${zone} is not null`

export const isWritten = (text: AnyPgColumn) => sql`${text} ~ '[^[:space:]]'`

/**
 * Row-level security of a table that belongs to an organization: its rows are seen by that organization's
 * scope, by staff and by the system, and changed by all but staff's reading scope.
 * The sub-selects make Postgres evaluate the settings once per statement instead of once per row. A `case` and not an
 * `or` for reading: of an `or` Postgres believes that it leaves a hundredth of the rows, and that on top of the query's
 * own condition. It then plans for one row where there are 10,000 (seen: a list that did not end within 10 s).
 */
export const organizationPolicy = (organizationId: AnyPgColumn) => [
  pgPolicy('organization_reads', {
    for: 'select',
    using: sql`case when (select current_scope()) in ('staff', 'system') then true else ${organizationId} = (select current_organization()) end`,
  }),
  pgPolicy('organization_adds', {
    for: 'insert',
    withCheck: sql`${organizationId} = (select current_organization()) or (select current_scope()) = 'system'`,
  }),
  pgPolicy('organization_changes', {
    for: 'update',
    using: sql`${organizationId} = (select current_organization()) or (select current_scope()) = 'system'`,
    withCheck: sql`${organizationId} = (select current_organization()) or (select current_scope()) = 'system'`,
  }),
  pgPolicy('organization_removes', {
    for: 'delete',
    using: sql`${organizationId} = (select current_organization()) or (select current_scope()) = 'system'`,
  }),
]
