import { sql } from 'drizzle-orm'
import { check, foreignKey, index, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { activations } from './activations'
import { apiTokens } from './api-tokens'
import { products } from './catalog'
import { id, instant, isInstallationId, keyServiceAdds, organizationPolicy } from './columns'
import { instances } from './instances'
import { keys } from './keys'
import { people } from './people'

/** What an installation without a way to the portal was given: a lease for as long as the key works, at most 400 days. */
export const offlineFiles = pgTable(
  'offline_files',
  {
    id: id(),
    organizationId: uuid().notNull(),
    activationId: uuid().notNull(),
    keyId: uuid().notNull(),
    /** The plugin that it is for; null, of one from before this was noted: the key's product. */
    productId: uuid().references(() => products.id),
    instanceId: uuid().notNull(),
    installationId: text().notNull(),
    issuedAt: instant().notNull(),
    worksUntil: instant().notNull(),
    /** By whom: a person, or a token of the organization. */
    issuedById: uuid().references(() => people.id),
    apiTokenId: uuid(),
    /** Declared so by a member: the place is free once the file could no longer work. */
    goneAt: instant(),
  },
  (t) => [
    unique('offline_files_organization').on(t.organizationId, t.id),
    foreignKey({
      name: 'offline_files_activation_fk',
      columns: [t.organizationId, t.activationId],
      foreignColumns: [activations.organizationId, activations.id],
    }),
    foreignKey({
      name: 'offline_files_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    foreignKey({
      name: 'offline_files_instance_fk',
      columns: [t.organizationId, t.instanceId],
      foreignColumns: [instances.organizationId, instances.id],
    }),
    foreignKey({
      name: 'offline_files_token_fk',
      columns: [t.organizationId, t.apiTokenId],
      foreignColumns: [apiTokens.organizationId, apiTokens.id],
    }),
    index('offline_files_instance').on(t.organizationId, t.instanceId, t.worksUntil),
    index('offline_files_key').on(t.organizationId, t.keyId, t.worksUntil),
    check('offline_files_installation_id', isInstallationId(t.installationId)),
    check('offline_files_by', sql`(${t.issuedById} is null) <> (${t.apiTokenId} is null)`),
    check(
      'offline_files_span',
      sql`${t.worksUntil} > ${t.issuedAt} and ${t.worksUntil} <= ${t.issuedAt} + interval '9600 hours'`,
    ),
    check('offline_files_gone', sql`${t.goneAt} >= ${t.issuedAt}`),
    ...organizationPolicy(t.organizationId),
    keyServiceAdds(sql`${t.issuedById} is null`),
  ],
)

/** That staff have seen to an offline file that outlives what was paid for it; not to what goes back after that. */
export const offlineFileClosings = pgTable(
  'offline_file_closings',
  {
    organizationId: uuid().notNull(),
    fileId: uuid().notNull(),
    closedAt: instant().notNull(),
    /** Null where the system did it. */
    closedById: uuid().references(() => people.id),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.fileId, t.closedAt] }),
    foreignKey({
      name: 'offline_file_closings_file_fk',
      columns: [t.organizationId, t.fileId],
      foreignColumns: [offlineFiles.organizationId, offlineFiles.id],
    }),
    ...organizationPolicy(t.organizationId),
  ],
)
