import { sql } from 'drizzle-orm'
import { check, index, pgTable, smallint, text, uuid } from 'drizzle-orm/pg-core'
import { bytes, id, instant } from './columns'
import { language } from './people'
import { trialSignUps } from './trials'

/**
 * One asked-for sign-in: the mail carries a link and a code, both good once, only in the browser that asked.
 * Code and link are HMACs under a secret outside the database: a million codes under a plain hash are a second's work.
 */
export const signIns = pgTable(
  'sign_ins',
  {
    id: id(),
    email: text().notNull(),
    browserHash: bytes().notNull(),
    codeHmac: bytes().notNull(),
    linkHmac: bytes().notNull().unique(),
    tries: smallint().notNull().default(0),
    /** Sealed: an address that somebody opened may hold what lets in, such as an invitation's token. */
    returnTo: text(),
    /** Asked for with a trial: whoever completes it has confirmed the address, and is made a person where they are none. */
    trialSignUpId: uuid().references(() => trialSignUps.id),
    language: language().notNull(),
    createdAt: instant().notNull(),
    expiresAt: instant().notNull(),
    usedAt: instant(),
  },
  (t) => [
    index('sign_ins_browser').on(t.browserHash, t.createdAt),
    index('sign_ins_expiry').on(t.expiresAt),
    index('sign_ins_trial').on(t.trialSignUpId),
    check('sign_ins_tries', sql`${t.tries} between 0 and 5`),
    check(
      'sign_ins_span',
      sql`${t.createdAt} < ${t.expiresAt} and ${t.expiresAt} <= ${t.createdAt} + interval '10 minutes'`,
    ),
    check('sign_ins_used', sql`${t.usedAt} >= ${t.createdAt}`),
    // HMAC-SHA-256
    check('sign_ins_hmacs', sql`octet_length(${t.codeHmac}) = 32 and octet_length(${t.linkHmac}) = 32`),
    // SHA-256
    check('sign_ins_browser_hash', sql`octet_length(${t.browserHash}) = 32`),
  ],
)
