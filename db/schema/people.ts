import { sql } from 'drizzle-orm'
import { check, index, pgEnum, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { bytes, id, instant, isTimeZone } from './columns'

export const language = pgEnum('language', ['en', 'fr'])

/** What a person may be spared: neither about money nor about security. */
export const mailKind = pgEnum('mail_kind', ['trials', 'not_in_glpi', 'requests'])

export const people = pgTable(
  'people',
  {
    id: id(),
    email: text().notNull().unique(),
    name: text(),
    emailVerified: instant(),
    // next-auth's adapter names this column; the portal shows initials and stores no picture.
    image: text(),
    language: language().notNull().default('en'),
    timeZone: text().notNull().default('Europe/Paris'),
    /** The kinds that they have turned off. */
    mutedMails: mailKind().array().notNull().default([]),
    createdAt: instant().notNull(),
  },
  (t) => [
    check('people_email_lower', sql`${t.email} = lower(${t.email})`),
    check('people_email', sql`${t.email} ~ '^[^@[:space:]]+@[^@[:space:]]+$'`),
    check('people_time_zone', isTimeZone(t.timeZone)),
  ],
)

/** next-auth's session row. The token is stored as its SHA-256, so that a dump of this table signs nobody in. */
export const sessions = pgTable(
  'sessions',
  {
    sessionToken: text('token_hash').primaryKey(),
    userId: uuid('person_id')
      .notNull()
      .references(() => people.id, { onDelete: 'cascade' }),
    expires: instant().notNull(),
    lastUsedAt: instant().notNull(),
    createdAt: instant().notNull(),
    /** By which browser and system, such as `Firefox/Windows`; see lib/people/device.ts. */
    device: text().notNull(),
    /** What the person's own list calls it: the hash is nobody's to see. The default serves the version before. */
    id: uuid().notNull().unique().defaultRandom(),
  },
  (t) => [
    index('sessions_person').on(t.userId),
    // 30 days, by the clock: a day has not always 24 hours.
    check('sessions_span', sql`${t.expires} - ${t.createdAt} between interval '0' and interval '721 hours'`),
    check('sessions_used', sql`${t.lastUsedAt} >= ${t.createdAt}`),
  ],
)

/** A browser that this person has signed in with: it keeps a mail allowance of its own, which no stranger can use up. */
export const knownBrowsers = pgTable(
  'known_browsers',
  {
    personId: uuid()
      .notNull()
      .references(() => people.id, { onDelete: 'cascade' }),
    browserHash: bytes().notNull(),
    lastUsedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.personId, t.browserHash] }),
    check('known_browsers_hash', sql`octet_length(${t.browserHash}) = 32`),
  ],
)

/**
 * A person's wish for another address, made true by two clicks: one at the address of before, one at the new. Both links
 * are stored as HMACs, like those that sign in.
 */
export const emailChanges = pgTable(
  'email_changes',
  {
    id: id(),
    personId: uuid()
      .notNull()
      .references(() => people.id, { onDelete: 'cascade' }),
    oldEmail: text().notNull(),
    newEmail: text().notNull(),
    oldHmac: bytes().notNull().unique(),
    newHmac: bytes().notNull().unique(),
    createdAt: instant().notNull(),
    expiresAt: instant().notNull(),
    oldConfirmedAt: instant(),
    /** With both confirmed the change is made, in the transaction of the second. */
    newConfirmedAt: instant(),
    withdrawnAt: instant(),
  },
  (t) => [
    // One that expired counts until another is asked for, so that no index depends on the time.
    uniqueIndex('email_changes_open')
      .on(t.personId)
      .where(sql`${t.withdrawnAt} is null and (${t.oldConfirmedAt} is null or ${t.newConfirmedAt} is null)`),
    index('email_changes_expiry').on(t.expiresAt),
    check('email_changes_span', sql`${t.createdAt} < ${t.expiresAt}`),
    check(
      'email_changes_address',
      sql`${t.newEmail} = lower(${t.newEmail}) and ${t.newEmail} <> ${t.oldEmail}`,
    ),
    check(
      'email_changes_end',
      sql`${t.withdrawnAt} is null or ${t.oldConfirmedAt} is null or ${t.newConfirmedAt} is null`,
    ),
  ],
)
