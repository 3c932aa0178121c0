import { sql } from 'drizzle-orm'
import { check, foreignKey, index, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { activations } from './activations'
import { bytes, definerAdds, definerReads, instant, organizationPolicy } from './columns'
import { keys } from './keys'

/**
 * A key sealed under another one of its subscription (lib/keys/hand-over.ts): who has neither of the two opens nothing, and
 * nobody here but who has the vault.
 */
export const sealedKeys = pgTable(
  'sealed_keys',
  {
    organizationId: uuid().notNull(),
    /** The key whose string opens it. */
    underId: uuid().notNull(),
    keyId: uuid().notNull(),
    cipher: bytes().notNull(),
    sealedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.underId, t.keyId] }),
    foreignKey({
      name: 'sealed_keys_under_fk',
      columns: [t.organizationId, t.underId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    foreignKey({
      name: 'sealed_keys_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    index('sealed_keys_key').on(t.organizationId, t.keyId),
    check('sealed_keys_another', sql`${t.underId} <> ${t.keyId}`),
    // More than its nonce and tag.
    check('sealed_keys_cipher', sql`octet_length(${t.cipher}) > 28`),
    ...organizationPolicy(t.organizationId),
    definerReads,
  ],
)

/** That the key service gave an activation another key than its own, and when first. */
export const handovers = pgTable(
  'handovers',
  {
    organizationId: uuid().notNull(),
    activationId: uuid().notNull(),
    /** The key that it was given. */
    keyId: uuid().notNull(),
    handedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.activationId, t.keyId] }),
    foreignKey({
      name: 'handovers_activation_fk',
      columns: [t.organizationId, t.activationId],
      foreignColumns: [activations.organizationId, activations.id],
    }),
    foreignKey({
      name: 'handovers_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    index('handovers_key').on(t.organizationId, t.keyId),
    ...organizationPolicy(t.organizationId),
    definerReads,
    definerAdds,
  ],
)
