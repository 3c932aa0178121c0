import { sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  check,
  foreignKey,
  index,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { keyBinding, keyKind, products } from './catalog'
import { bytes, definerReads, id, instant, organizationPolicy } from './columns'
import { instances } from './instances'
import { organizations } from './organizations'
import { people } from './people'
import { terms } from './subscriptions'

/** What lib/keys/vault.ts makes of a key. */
const vaultChecks = (t: Record<'ringVersion' | 'cipher' | 'fingerprint' | 'lastFour', AnyPgColumn>) => [
  check('keys_ring_version', sql`${t.ringVersion} >= 1`),
  // Never less than its nonce and tag.
  check('keys_cipher', sql`octet_length(${t.cipher}) > 28`),
  // HMAC-SHA-256
  check('keys_fingerprint', sql`octet_length(${t.fingerprint}) = 32`),
  check('keys_last_four', sql`length(${t.lastFour}) = 4`),
]

export const keys = pgTable(
  'keys',
  {
    id: id(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    shortId: text().notNull().unique(),
    productId: uuid().notNull(),
    kind: keyKind().notNull(),
    /** The kind where it is sold, and so its product's; null for a trial. */
    soldKind: keyKind().generatedAlwaysAs(sql`nullif(kind, 'trial')`),
    /** Which trial of its product in the organization it is. The default serves the version before. */
    trialOrdinal: smallint().notNull().default(1),
    binding: keyBinding().notNull(),
    instanceId: uuid(),
    termId: uuid(),
    /** The end of the term, kept equal to the term's by the foreign key: lists sort by it without a join. */
    termEndsAt: instant(),
    issuedAt: instant().notNull(),
    startsAt: instant().notNull(),
    expiresAt: instant(),
    /** When a renewal is due: the term's end, or the key's where there is no term. Null: never. */
    dueAt: instant().generatedAlwaysAs(sql`coalesce(term_ends_at, expires_at)`),
    /** The key's end, `infinity` for never, so that a list can page by it. */
    endsAt: instant().notNull().generatedAlwaysAs(sql`coalesce(expires_at, timestamptz 'infinity')`),
    /** The key that this one takes over from. */
    followsId: uuid(),
    /** A newer key was issued for the same place. With `supersededAt` also no longer the term's own. */
    renewedAt: instant(),
    supersededAt: instant(),
    firstSeenAt: instant(),
    /** The newer key has been seen in use. */
    replacedAt: instant(),
    /** Its term's: paid no longer, it takes over from no other key. */
    refundedAt: instant(),
    cipher: bytes().notNull(),
    ringVersion: smallint().notNull(),
    fingerprint: bytes().notNull().unique(),
    lastFour: text().notNull(),
  },
  (t) => [
    unique('keys_organization').on(t.organizationId, t.id),
    foreignKey({
      name: 'keys_product_fk',
      columns: [t.productId, t.binding],
      foreignColumns: [products.id, products.binding],
    }),
    foreignKey({
      name: 'keys_kind_fk',
      columns: [t.productId, t.soldKind],
      foreignColumns: [products.id, products.keyKind],
    }),
    foreignKey({
      name: 'keys_instance_fk',
      columns: [t.organizationId, t.instanceId],
      foreignColumns: [instances.organizationId, instances.id],
    }),
    foreignKey({
      name: 'keys_term_fk',
      columns: [t.organizationId, t.termId, t.termEndsAt],
      foreignColumns: [terms.organizationId, terms.id, terms.endsAt],
    }).onUpdate('cascade'),
    foreignKey({
      name: 'keys_follows_fk',
      columns: [t.organizationId, t.followsId],
      // drizzle's self-reference needs the type said once
      foreignColumns: [t.organizationId, t.id] as [AnyPgColumn, AnyPgColumn],
    }),
    uniqueIndex('keys_current_of_term').on(t.organizationId, t.termId).where(sql`${t.supersededAt} is null`),
    uniqueIndex('keys_follows').on(t.organizationId, t.followsId).where(sql`${t.refundedAt} is null`),
    // DESIGN §2, rule 7: one per organization and product, and so one per instance and product, wherever it is moved.
    uniqueIndex('keys_trial')
      .on(t.organizationId, t.productId, t.trialOrdinal)
      .where(sql`${t.kind} = 'trial'`),
    check(
      'keys_trial_ordinal',
      sql`${t.trialOrdinal} >= 1 and (${t.kind} = 'trial' or ${t.trialOrdinal} = 1)`,
    ),
    check('keys_span', sql`${t.startsAt} < ${t.expiresAt}`),
    check('keys_permanent', sql`(${t.kind} = 'permanent') = (${t.expiresAt} is null)`),
    check('keys_term', sql`(${t.kind} = 'subscription') = (${t.termId} is not null)`),
    check('keys_term_end', sql`(${t.termId} is null) = (${t.termEndsAt} is null)`),
    check('keys_outlives_term', sql`${t.termEndsAt} <= ${t.expiresAt}`),
    check('keys_binding', sql`(${t.binding} = 'organization') = (${t.instanceId} is null)`),
    check('keys_short_id', sql`${t.shortId} ~ '^K-[0-9A-HJKMNP-TV-Z]{6}$'`),
    check('keys_follows_another', sql`${t.followsId} <> ${t.id}`),
    check('keys_issued', sql`${t.issuedAt} < ${t.expiresAt}`),
    check('keys_starts', sql`${t.startsAt} >= ${t.issuedAt}`),
    check('keys_superseded', sql`${t.supersededAt} is null or ${t.renewedAt} is not null`),
    check(
      'keys_replaced',
      sql`${t.replacedAt} is null or coalesce(${t.replacedAt} >= ${t.renewedAt}, false)`,
    ),
    check('keys_first_seen', sql`${t.firstSeenAt} >= ${t.issuedAt}`),
    check('keys_expires', sql`${t.expiresAt} < 'infinity'`),
    ...vaultChecks(t),
    index('keys_list').on(t.organizationId, t.endsAt, t.id),
    // With the end last, so that what ended long ago is passed over without being read.
    index('keys_due').on(t.organizationId, t.dueAt, t.id, t.endsAt).where(sql`${t.renewedAt} is null`),
    index('keys_not_seen')
      .on(t.organizationId, t.dueAt, t.id)
      .where(sql`${t.followsId} is not null and ${t.firstSeenAt} is null`),
    index('keys_instance').on(t.organizationId, t.instanceId, t.endsAt, t.id),
    index('keys_product').on(t.organizationId, t.productId, t.endsAt, t.id),
    index('keys_last_four').on(t.organizationId, t.lastFour),
    // In whatever organization, for staff.
    index('keys_last_four_anywhere').on(t.lastFour),
    index('keys_ring_version').on(t.ringVersion),
    ...organizationPolicy(t.organizationId),
    definerReads,
  ],
)

export const revocationReason = pgEnum('revocation_reason', [
  'non_payment',
  'refunded',
  'disputed',
  'terms_violated',
  'leaked',
  'requested',
])

export const revocations = pgTable(
  'revocations',
  {
    id: id(),
    organizationId: uuid().notNull(),
    keyId: uuid().notNull(),
    reason: revocationReason().notNull(),
    note: text(),
    revokedAt: instant().notNull(),
    /** Null where the system did it. */
    revokedById: uuid().references(() => people.id),
    /** Set together with the restoration that says who and why. */
    restoredAt: instant(),
  },
  (t) => [
    unique('revocations_organization').on(t.organizationId, t.id),
    foreignKey({
      name: 'revocations_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    check('revocations_span', sql`${t.revokedAt} <= ${t.restoredAt}`),
    uniqueIndex('revocations_current').on(t.organizationId, t.keyId).where(sql`${t.restoredAt} is null`),
    index('revocations_latest')
      .on(t.organizationId, t.revokedAt, t.keyId)
      .where(sql`${t.restoredAt} is null`),
    ...organizationPolicy(t.organizationId),
    definerReads,
  ],
)

export const restorations = pgTable(
  'restorations',
  {
    revocationId: uuid().notNull(),
    organizationId: uuid().notNull(),
    note: text(),
    restoredAt: instant().notNull(),
    restoredById: uuid().references(() => people.id),
  },
  (t) => [
    // With the organization, so that the refusal does not tell whether another organization has such a row.
    primaryKey({ columns: [t.organizationId, t.revocationId] }),
    foreignKey({
      name: 'restorations_revocation_fk',
      columns: [t.organizationId, t.revocationId],
      foreignColumns: [revocations.organizationId, revocations.id],
    }),
    ...organizationPolicy(t.organizationId),
  ],
)

export const extensions = pgTable(
  'extensions',
  {
    id: id(),
    organizationId: uuid().notNull(),
    keyId: uuid().notNull(),
    fromExpiresAt: instant().notNull(),
    toExpiresAt: instant().notNull(),
    reason: text().notNull(),
    extendedAt: instant().notNull(),
    extendedById: uuid().references(() => people.id),
  },
  (t) => [
    foreignKey({
      name: 'extensions_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    index('extensions_key').on(t.organizationId, t.keyId),
    check('extensions_reason', sql`${t.reason} ~ '[^[:space:]]'`),
    check('extensions_later', sql`${t.fromExpiresAt} < ${t.toExpiresAt}`),
    ...organizationPolicy(t.organizationId),
  ],
)
