import { type SQL, sql } from 'drizzle-orm'
import { type AnyPgColumn, customType, pgPolicy, timestamp, uuid } from 'drizzle-orm/pg-core'

/** A point in time. Always with its zone, so that no server setting can shift it. */
export const instant = () => timestamp({ withTimezone: true, mode: 'date' })

export const id = () => uuid().primaryKey()

export const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/**
 * A text as searches compare it: without accents, case and ligatures, so that "mediatheque" finds "Médiathèque"; with the
 * one apostrophe that a keyboard has; and with one blank for whatever blanks, hyphens and dashes part two words.
 * An expression of what Postgres brings, since a column that is generated takes nothing less than immutable: `unaccent`
 * is not, and a function of ours would first have to be granted to whoever inserts.
 */
export const folded = (text: SQL | AnyPgColumn): SQL<string> => {
  // Before all else: of an acute accent that stands alone, normalizing makes a blank with an accent.
  const normal = sql`normalize(replace(${text}, '´', ''''), NFKD)`
  const plain = sql`lower(regexp_replace(${normal}, '[\\u0300-\\u036f]', '', 'g'))`
  const spelled = sql`translate(replace(replace(replace(${plain}, 'œ', 'oe'), 'æ', 'ae'), 'ß', 'ss'), 'đıłø', 'dilo')`
  // The grave accent, ʼ, ‘, ’ and ′.
  const straight = sql`regexp_replace(${spelled}, '[\\u0060\\u02bc\\u2018\\u2019\\u2032]', '''', 'g')`
  // From ‐ to ―, and the minus. Blanks that do not break have become plain ones.
  return sql`regexp_replace(${straight}, '[-[:space:]\\u2010-\\u2015\\u2212]+', ' ', 'g')`
}

/** Postgres refuses a zone that it does not know by itself, but takes a rule such as `FOO5` for one. */
export const isTimeZone = (zone: AnyPgColumn) =>
  sql`${zone} ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z_-]+)+)$' and timestamptz 'epoch' at time zone ${zone} is not null`

export const isWritten = (text: AnyPgColumn) => sql`${text} ~ '[^[:space:]]'`

/** As the API takes installation IDs: lib/activations/installation-id.ts. From ! to ~ are what ASCII shows. */
export const isInstallationId = (text: AnyPgColumn) => sql`${text} ~ '^[!-~]{1,100}$'`

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

/** For the security-definer functions: their owner is in no scope, and has rights to few columns (db/roles.ts). */
export const definerReads = pgPolicy('definer_reads', {
  for: 'select',
  to: 'latchkey_definer',
  using: sql`true`,
})
export const definerAdds = pgPolicy('definer_adds', {
  for: 'insert',
  to: 'latchkey_definer',
  withCheck: sql`true`,
})
export const definerChanges = pgPolicy('definer_changes', {
  for: 'update',
  to: 'latchkey_definer',
  using: sql`true`,
  withCheck: sql`true`,
})

/** What talks to GLPIs says nothing in a person's name, whoever has taken it over. */
export const keyServiceAdds = (only: SQL) =>
  pgPolicy('key_service_adds', {
    as: 'restrictive',
    for: 'insert',
    to: 'latchkey_key_service',
    withCheck: only,
  })
