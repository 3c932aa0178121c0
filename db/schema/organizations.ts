import { sql } from 'drizzle-orm'
import { check, index, pgEnum, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { reserved } from '@/lib/organizations/slug'
import { bytes, definerReads, folded, id, instant, isTimeZone, organizationPolicy } from './columns'
import { language, people } from './people'

export const memberRole = pgEnum('member_role', ['owner', 'billing', 'technical', 'viewer'])

export const organizations = pgTable(
  'organizations',
  {
    id: id(),
    slug: text().notNull().unique(),
    name: text().notNull(),
    /** What the staff's search looks through. */
    nameFolded: text().notNull().generatedAlwaysAs(folded(sql`name`)),
    timeZone: text().notNull(),
    createdAt: instant().notNull(),
  },
  (t) => [
    check(
      'organizations_slug',
      sql`${t.slug} ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(${t.slug}) between 2 and 40`,
    ),
    check(
      'organizations_slug_reserved',
      sql`${t.slug} not in (${sql.raw([...reserved].map((name) => `'${name}'`).join(', '))})`,
    ),
    check('organizations_time_zone', isTimeZone(t.timeZone)),
    check('organizations_name', sql`length(${t.name}) between 1 and 200 and ${t.name} ~ '[^[:space:]]'`),
    ...organizationPolicy(t.id),
    definerReads,
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
    definerReads,
  ],
)

/** Somebody asked to become a member. The token is in the mail alone; a row is never removed, so that its link can say why it is over. */
export const invitations = pgTable(
  'invitations',
  {
    id: id(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    email: text().notNull(),
    role: memberRole().notNull(),
    /** Of the mail and of the page that it opens, for who has not signed in yet. The default serves the version before. */
    language: language().notNull().default('en'),
    tokenHash: bytes().notNull().unique(),
    /** Null: the vendor. */
    invitedById: uuid().references(() => people.id),
    createdAt: instant().notNull(),
    expiresAt: instant().notNull(),
    acceptedAt: instant(),
    acceptedById: uuid().references(() => people.id),
    withdrawnAt: instant(),
  },
  (t) => [
    // One that expired counts until it is asked for anew, so that no index depends on the time.
    uniqueIndex('invitations_open')
      .on(t.organizationId, t.email)
      .where(sql`${t.acceptedAt} is null and ${t.withdrawnAt} is null`),
    check('invitations_email_lower', sql`${t.email} = lower(${t.email})`),
    check('invitations_span', sql`${t.createdAt} < ${t.expiresAt}`),
    check('invitations_accepted', sql`(${t.acceptedAt} is null) = (${t.acceptedById} is null)`),
    check('invitations_end', sql`${t.acceptedAt} is null or ${t.withdrawnAt} is null`),
    // SHA-256
    check('invitations_token_hash', sql`octet_length(${t.tokenHash}) = 32`),
    ...organizationPolicy(t.organizationId),
  ],
)
