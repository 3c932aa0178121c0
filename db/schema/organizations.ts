import { sql } from 'drizzle-orm'
import { check, index, pgEnum, pgPolicy, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { id, instant, organizationPolicy } from './columns'
import { people } from './people'

export const memberRole = pgEnum('member_role', ['owner', 'billing', 'technical', 'viewer'])

export const organizations = pgTable(
  'organizations',
  {
    id: id(),
    slug: text().notNull().unique(),
    name: text().notNull(),
    timeZone: text().notNull(),
    createdAt: instant().notNull(),
  },
  (t) => [
    check(
      'organizations_slug',
      sql`${t.slug} ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(${t.slug}) between 2 and 40`,
    ),
    // Postgres refuses a zone that it does not know by itself, but takes a rule such as `FOO5` for one.
    check(
      'organizations_time_zone',
      sql`${t.timeZone} ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z_-]+)+)$' and timestamptz 'epoch' at time zone ${t.timeZone} is not null`,
    ),
    check('organizations_name', sql`length(${t.name}) between 1 and 200`),
    ...organizationPolicy(t.id),
    pgPolicy('definer_reads', { for: 'select', to: 'latchkey_definer', using: sql`true` }),
  ],
)

export const memberships = pgTable(
  'memberships',
  {
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    personId: uuid()
      .notNull()
      .references(() => people.id),
    role: memberRole().notNull(),
    createdAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.personId] }),
    index('memberships_person').on(t.personId),
    ...organizationPolicy(t.organizationId),
    pgPolicy('definer_reads', { for: 'select', to: 'latchkey_definer', using: sql`true` }),
  ],
)
