import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  jsonb,
  pgEnum,
  pgTable,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytes, id, instant, keyServiceAdds, organizationPolicy } from './columns'
import { instances } from './instances'
import { keys } from './keys'
import { organizations } from './organizations'
import { people } from './people'

export const auditActor = pgEnum('audit_actor', ['member', 'staff', 'system', 'stranger', 'glpi', 'token'])
export const auditOutcome = pgEnum('audit_outcome', ['done', 'refused'])

/** What entries are about, for who looks for some of them; `kind` below makes one of these of each action. */
export const auditKinds = ['key', 'instance', 'subscription', 'member', 'other'] as const

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
    /*
     * What the filters of the activity page compare. Columns of text and boolean, and not the expressions themselves:
     * behind row security an index serves leakproof comparisons only, which those of enums and split_part() are not.
     */
    kind: text({ enum: auditKinds })
      .notNull()
      .generatedAlwaysAs(sql`case split_part(action, '.', 1)
      when 'key' then 'key' when 'activation' then 'key' when 'installation' then 'key'
      when 'question' then 'key' when 'offline_file' then 'key' when 'archive' then 'key'
      when 'instance' then 'instance' when 'address' then 'instance'
      when 'subscription' then 'subscription' when 'trial' then 'subscription'
      when 'member' then 'member' when 'invitation' then 'member' else 'other' end`),
    refused: boolean().notNull().generatedAlwaysAs(sql`outcome = 'refused'`),
    /** By the vendor: its staff, or the portal by itself. */
    byVendor: boolean().notNull().generatedAlwaysAs(sql`actor in ('staff', 'system')`),
  },
  (t) => [
    check(
      'audit_entries_person_known',
      sql`${t.actor} not in ('member', 'staff') or ${t.personId} is not null`,
    ),
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
    index('audit_entries_at').on(t.organizationId, t.at),
    index('audit_entries_kind').on(t.organizationId, t.kind, t.refused, t.sequence),
    index('audit_entries_person').on(t.organizationId, t.personId, t.kind, t.refused, t.sequence),
    index('audit_entries_vendor').on(t.organizationId, t.kind, t.refused, t.sequence).where(sql`by_vendor`),
    ...organizationPolicy(t.organizationId),
    keyServiceAdds(sql`${t.actor} in ('glpi', 'token') and ${t.personId} is null`),
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
