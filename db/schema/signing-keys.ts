import { sql } from 'drizzle-orm'
import { check, integer, pgTable, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { bytes, instant } from './columns'

/** The first 16 characters of its SHA-256 in base64url: what lib/activations/root.ts calls a key. */
const kidOf = sql.raw(`translate(encode(substring(sha256(public_key) for 12), 'base64'), '+/', '-_')`)

/**
 * What leases are signed with. A key waits until the root has signed a set that names it (`keySets`); it then signs from
 * `signsFrom`, to `stopsAt`, and stays in the sets until the last of what it may have signed has ended.
 */
export const signingKeys = pgTable(
  'signing_keys',
  {
    kid: text().primaryKey(),
    publicKey: bytes().notNull(),
    cipher: bytes().notNull(),
    /** Of LEASE_KEY_RING. */
    ringVersion: smallint().notNull(),
    createdAt: instant().notNull(),
    signsFrom: instant(),
    stopsAt: instant(),
    /** The latest `exp` that it may have signed, known once it stops. */
    lastExpiresAt: instant(),
    /** Somebody else may have it: the next set leaves it out, and with it all that it has signed. */
    droppedAt: instant(),
  },
  (t) => [
    check('signing_keys_kid', sql`${t.kid} = ${kidOf}`),
    check('signing_keys_public_key', sql`octet_length(${t.publicKey}) = 32`),
    check('signing_keys_cipher', sql`octet_length(${t.cipher}) > 28`),
    check('signing_keys_ring_version', sql`${t.ringVersion} >= 1`),
    check('signing_keys_signs', sql`${t.signsFrom} >= ${t.createdAt}`),
    check('signing_keys_stops', sql`${t.stopsAt} is null or coalesce(${t.stopsAt} > ${t.signsFrom}, false)`),
    check('signing_keys_last', sql`(${t.stopsAt} is null) = (${t.lastExpiresAt} is null)`),
    check('signing_keys_last_after', sql`${t.lastExpiresAt} >= ${t.stopsAt}`),
    // One waits at a time, and one has no end yet.
    uniqueIndex('signing_keys_waiting')
      .on(sql`(true)`)
      .where(sql`${t.signsFrom} is null and ${t.droppedAt} is null`),
    uniqueIndex('signing_keys_newest')
      .on(sql`(true)`)
      .where(sql`${t.signsFrom} is not null and ${t.stopsAt} is null`),
  ],
)

/** Which signing keys there are, as the root has signed it; GLPIs take the newest and refuse older ones. */
export const keySets = pgTable(
  'key_sets',
  {
    version: integer().primaryKey(),
    /** A `keys+jwt`. */
    signed: text().notNull(),
    rootKid: text().notNull(),
    createdAt: instant().notNull(),
  },
  (t) => [
    check('key_sets_version', sql`${t.version} >= 1`),
    check('key_sets_signed', sql`${t.signed} ~ '^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]{86}$'`),
    check('key_sets_root_kid', sql`${t.rootKid} ~ '^root-[A-Za-z0-9_-]{16}$'`),
  ],
)
