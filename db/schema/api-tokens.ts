import { sql } from 'drizzle-orm'
import { check, pgPolicy, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core'
import { bytes, id, instant, isWritten, organizationPolicy } from './columns'
import { organizations } from './organizations'
import { people } from './people'

/** What a program of the organization shows instead of a person. The token itself is nowhere; a row is never removed. */
export const apiTokens = pgTable(
  'api_tokens',
  {
    id: id(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    name: text().notNull(),
    scopes: text({ enum: ['keys.read', 'offline_files.create'] })
      .array()
      .notNull(),
    tokenHash: bytes().notNull().unique(),
    lastFour: text().notNull(),
    createdAt: instant().notNull(),
    createdById: uuid()
      .notNull()
      .references(() => people.id),
    expiresAt: instant().notNull(),
    revokedAt: instant(),
    /** Null where the system did it. */
    revokedById: uuid().references(() => people.id),
    lastUsedAt: instant(),
  },
  (t) => [
    // Also what the list is read by: IDs sort as they were made.
    unique('api_tokens_organization').on(t.organizationId, t.id),
    check('api_tokens_name', sql`length(${t.name}) <= 100 and ${isWritten(t.name)}`),
    check(
      'api_tokens_scopes',
      sql`cardinality(${t.scopes}) between 1 and 2 and ${t.scopes} <@ array['keys.read', 'offline_files.create']`,
    ),
    // SHA-256
    check('api_tokens_token_hash', sql`octet_length(${t.tokenHash}) = 32`),
    check('api_tokens_last_four', sql`length(${t.lastFour}) = 4`),
    check(
      'api_tokens_span',
      sql`${t.expiresAt} between ${t.createdAt} + interval '24 hours' and ${t.createdAt} + interval '9600 hours'`,
    ),
    check('api_tokens_revoked', sql`${t.revokedAt} >= ${t.createdAt}`),
    check('api_tokens_revoked_by', sql`${t.revokedById} is null or ${t.revokedAt} is not null`),
    check('api_tokens_used', sql`${t.lastUsedAt} >= ${t.createdAt}`),
    ...organizationPolicy(t.organizationId),
    pgPolicy('definer_reads', { for: 'select', to: 'latchkey_definer', using: sql`true` }),
  ],
)
