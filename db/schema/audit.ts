import { sql } from 'drizzle-orm'
import { bigint, foreignKey, index, jsonb, pgEnum, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core'
import { bytes, id, instant, organizationPolicy } from './columns'
import { instances } from './instances'
import { keys } from './keys'
import { organizations } from './organizations'
import { people } from './people'

export const auditActor = pgEnum('audit_actor', ['member', 'staff', 'system', 'stranger'])
export const auditOutcome = pgEnum('audit_outcome', ['done', 'refused'])

/**
 * What happened, append-only. One chain per organization (a single one would be a queue for all);
 * a null organization is the vendor's own chain.
 */
export const auditEntries = pgTable(
  'audit_entries',
  {
    id: id(),
    organizationId: uuid().references(() => organizations.id),
    sequence: bigint({ mode: 'number' }).notNull(),
    at: instant().notNull(),
    actor: auditActor().notNull(),
    personId: uuid().references(() => people.id),
    action: text().notNull(),
    outcome: auditOutcome().notNull(),
    instanceId: uuid(),
    keyId: uuid(),
    details: jsonb().$type<Record<string, string | number | boolean | null>>().notNull(),
    hash: bytes().notNull(),
  },
  (t) => [
    unique('audit_entries_sequence').on(t.organizationId, t.sequence).nullsNotDistinct(),
    foreignKey({
      name: 'audit_entries_instance_fk',
      columns: [t.organizationId, t.instanceId],
      foreignColumns: [instances.organizationId, instances.id],
    }),
    foreignKey({
      name: 'audit_entries_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    index('audit_entries_instance').on(t.organizationId, t.instanceId, t.sequence),
    index('audit_entries_key').on(t.organizationId, t.keyId, t.sequence),
    // Which keys somebody has seen, without reading all else that they did.
    index('audit_entries_revealed')
      .on(t.organizationId, t.personId, t.keyId, t.at)
      .where(sql`${t.action} = 'key.reveal' and ${t.outcome} = 'done'`),
    ...organizationPolicy(t.organizationId),
  ],
)

/** The end of each chain. Its row is locked to append, so entries of one organization are numbered without a gap. */
export const auditHeads = pgTable(
  'audit_heads',
  {
    organizationId: uuid().references(() => organizations.id),
    sequence: bigint({ mode: 'number' }).notNull(),
    hash: bytes().notNull(),
  },
  (t) => [
    unique('audit_heads_organization').on(t.organizationId).nullsNotDistinct(),
    ...organizationPolicy(t.organizationId),
  ],
)
