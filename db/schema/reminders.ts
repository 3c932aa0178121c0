import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import { instant, organizationPolicy } from './columns'
import { organizations } from './organizations'
import { people } from './people'
import { terms } from './subscriptions'

/** `ends`: what is paid ends soon. `not_in_glpi`: the key of the term waits for GLPI, and the one before it ends. */
export const reminderKind = pgEnum('reminder_kind', ['ends', 'not_in_glpi'])

/** What an organization was told of a term, each once. It is there before the mail goes out. */
export const reminders = pgTable(
  'reminders',
  {
    organizationId: uuid().notNull(),
    termId: uuid().notNull(),
    kind: reminderKind().notNull(),
    /** Days before the end of what is paid; 0 where a key waits for GLPI. */
    mark: smallint().notNull(),
    /** Those of one moment share a mail, which is named after it. */
    createdAt: instant().notNull(),
    /** Everybody has been told, or there was nothing left to tell. */
    doneAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.termId, t.kind, t.mark] }),
    foreignKey({
      name: 'reminders_term_fk',
      columns: [t.organizationId, t.termId],
      foreignColumns: [terms.organizationId, terms.id],
    }),
    index('reminders_at').on(t.organizationId, t.kind, t.createdAt),
    index('reminders_open').on(t.organizationId, t.kind).where(sql`${t.doneAt} is null`),
    check(
      'reminders_mark',
      sql`${t.mark} = any (case ${t.kind} when 'ends' then array[60, 30, 14, 7, 1] else array[0] end)`,
    ),
    check('reminders_span', sql`${t.createdAt} <= ${t.doneAt}`),
    ...organizationPolicy(t.organizationId),
  ],
)

/** Mails that a mail server has taken, of those that are sent once and told of. */
export const sentMails = pgTable(
  'sent_mails',
  {
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    /** What the mail is about, such as `keys-ready.<Checkout>`; with the person it is the mail's Message-ID. */
    about: text().notNull(),
    personId: uuid()
      .notNull()
      .references(() => people.id),
    sentAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.about, t.personId] }),
    check('sent_mails_about', sql`${t.about} ~ '^[a-z-]+[.][0-9a-z.-]+$'`),
    ...organizationPolicy(t.organizationId),
  ],
)
