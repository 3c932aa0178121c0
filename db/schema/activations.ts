import { sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { answerCodes, askedFor } from './answer-codes'
import {
  bytes,
  definerAdds,
  definerChanges,
  definerReads,
  id,
  instant,
  isInstallationId,
  organizationPolicy,
} from './columns'
import { environment, instances } from './instances'
import { keys } from './keys'
import { people } from './people'

/** A key in use on an instance: what one installation got when it presented the key. */
export const activations = pgTable(
  'activations',
  {
    id: id(),
    organizationId: uuid().notNull(),
    keyId: uuid().notNull(),
    instanceId: uuid().notNull(),
    installationId: text().notNull(),
    environment: environment().notNull(),
    /** Whether its key has one place for each environment; a key of the whole organization has as many as instances. */
    exclusive: boolean().notNull(),
    /** SHA-256 of the secret that the first answer held. */
    secretHash: bytes().notNull(),
    /**
     * By the reference of each product that asked (a suite's key is in several plugins): the lease that was given last, and
     * the one before. Who names an older one is a copy of the installation.
     */
    leases: jsonb().$type<Record<string, [last: string, before: string | null]>>().notNull().default({}),
    /** Of all products together, as the version before knew it: to be removed with the next. */
    lease: uuid(),
    previousLease: uuid(),
    leaseEndsAt: instant().notNull(),
    createdAt: instant().notNull(),
    refreshedAt: instant().notNull(),
    givenBackAt: instant(),
    /** When a refresh last showed the secret: its plugin is given a new key by the key service. */
    provedAt: instant(),
  },
  (t) => [
    unique('activations_organization').on(t.organizationId, t.id),
    foreignKey({
      name: 'activations_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    foreignKey({
      name: 'activations_instance_fk',
      columns: [t.organizationId, t.instanceId],
      foreignColumns: [instances.organizationId, instances.id],
    }),
    uniqueIndex('activations_once')
      .on(t.organizationId, t.keyId, t.installationId)
      .where(sql`${t.givenBackAt} is null`),
    // DESIGN §2, rule 3: one production installation, and one test copy.
    uniqueIndex('activations_place')
      .on(t.organizationId, t.keyId, t.environment)
      .where(sql`${t.givenBackAt} is null and ${t.exclusive}`),
    index('activations_instance').on(t.organizationId, t.instanceId),
    index('activations_latest').on(t.organizationId, t.keyId, t.installationId, t.createdAt),
    check('activations_installation_id', isInstallationId(t.installationId)),
    check('activations_secret_hash', sql`octet_length(${t.secretHash}) = 32`),
    check('activations_span', sql`${t.createdAt} <= ${t.refreshedAt} and ${t.createdAt} <= ${t.givenBackAt}`),
    ...organizationPolicy(t.organizationId),
    definerReads,
    definerChanges,
  ],
)

/** What a call left to be asked: whose installation it is, or what a new address or a second lease means. */
export const questionKind = pgEnum('question_kind', ['installation', 'address', 'copy'])
export const questionAnswer = pgEnum('question_answer', [
  'test_copy',
  'moved',
  'further_address',
  'not_ours',
  'ours',
  // Nobody's answer: what it asked is over, since that installation has come to have the key, or another one its place.
  'let_in',
])

/** One entry per key and installation, however often it calls. */
export const questions = pgTable(
  'questions',
  {
    id: id(),
    organizationId: uuid().notNull(),
    keyId: uuid().notNull(),
    kind: questionKind().notNull(),
    installationId: text().notNull(),
    /** As the caller said it, in normal form; null where it said none. */
    url: text(),
    glpiVersion: text(),
    /** What GLPI's administrator reads in the refusal. */
    refusalCode: text().notNull(),
    firstAt: instant().notNull(),
    lastAt: instant().notNull(),
    calls: integer().notNull(),
    /** Beyond twenty of a key one is only found by its refusal code, and takes no place. */
    listed: boolean().notNull().default(true),
    answer: questionAnswer(),
    answeredAt: instant(),
    answeredById: uuid().references(() => people.id),
  },
  (t) => [
    unique('questions_organization').on(t.organizationId, t.id),
    foreignKey({
      name: 'questions_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    uniqueIndex('questions_once').on(t.organizationId, t.keyId, t.kind, t.installationId),
    // By the code first: staff look for one in every organization.
    index('questions_refusal_code').on(t.refusalCode, t.organizationId),
    index('questions_open')
      .on(t.organizationId, t.lastAt)
      .where(sql`${t.answeredAt} is null and ${t.listed}`),
    index('questions_unlisted').on(t.lastAt).where(sql`${t.answeredAt} is null and not ${t.listed}`),
    check('questions_installation_id', isInstallationId(t.installationId)),
    check('questions_code_shape', sql`${t.refusalCode} ~ '^[0-9A-HJKMNP-TV-Z]{6}$'`),
    check('questions_span', sql`${t.firstAt} <= ${t.lastAt}`),
    check('questions_calls', sql`${t.calls} >= 1`),
    check('questions_answered', sql`(${t.answer} is null) = (${t.answeredAt} is null)`),
    ...organizationPolicy(t.organizationId),
    definerReads,
    definerAdds,
    definerChanges,
  ],
)

/** How many entries of a key are open, of strangers at most twenty; and what called beyond them. Its row is locked to open one. */
export const questionCounts = pgTable(
  'question_counts',
  {
    organizationId: uuid().notNull(),
    keyId: uuid().notNull(),
    open: integer().notNull().default(0),
    unlisted: bigint({ mode: 'number' }).notNull().default(0),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.keyId] }),
    foreignKey({
      name: 'question_counts_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    check('question_counts_open', sql`${t.open} >= 0`),
    check('question_counts_unlisted', sql`${t.unlisted} >= 0`),
    ...organizationPolicy(t.organizationId),
    definerReads,
    definerAdds,
    definerChanges,
  ],
)

const isOneOf = (column: AnyPgColumn, known: readonly string[]) =>
  sql`${column} in (${sql.raw(known.map((name) => `'${name}'`).join(', '))})`

/** What a GLPI was answered; of the same second and the same caller in one row. */
export const checks = pgTable(
  'checks',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    organizationId: uuid().notNull(),
    keyId: uuid().notNull(),
    instanceId: uuid(),
    installationId: text(),
    at: instant().notNull(),
    asked: text().notNull(),
    code: text().notNull(),
    notes: text().array().notNull(),
    url: text(),
    glpiVersion: text(),
    productVersion: text(),
    calls: integer().notNull(),
  },
  (t) => [
    foreignKey({
      name: 'checks_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    foreignKey({
      name: 'checks_instance_fk',
      columns: [t.organizationId, t.instanceId],
      foreignColumns: [instances.organizationId, instances.id],
    }),
    index('checks_key').on(t.organizationId, t.keyId, t.at),
    index('checks_instance').on(t.organizationId, t.instanceId, t.at),
    // What an installation was refused: an instance's own among those of strangers who have its key.
    index('checks_nowhere').on(t.organizationId, t.installationId, t.at).where(sql`${t.instanceId} is null`),
    index('checks_at').on(t.at),
    index('checks_refused').on(t.organizationId, t.at).where(sql`${t.code} <> 'ok'`),
    check('checks_installation_id', isInstallationId(t.installationId)),
    check('checks_calls', sql`${t.calls} >= 1`),
    check('checks_asked', isOneOf(t.asked, askedFor)),
    check('checks_code', isOneOf(t.code, answerCodes)),
    ...organizationPolicy(t.organizationId),
    definerAdds,
  ],
)

/** Checks older than 30 days, counted per key, instance and day (UTC). */
export const checkDays = pgTable(
  'check_days',
  {
    organizationId: uuid().notNull(),
    keyId: uuid().notNull(),
    /** Null where the caller was at none of theirs, and of what was counted before this was kept. */
    instanceId: uuid(),
    day: date({ mode: 'string' }).notNull(),
    asked: text().notNull(),
    code: text().notNull(),
    calls: bigint({ mode: 'number' }).notNull(),
  },
  (t) => [
    unique('check_days_once')
      .on(t.organizationId, t.keyId, t.instanceId, t.day, t.asked, t.code)
      .nullsNotDistinct(),
    foreignKey({
      name: 'check_days_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    foreignKey({
      name: 'check_days_instance_fk',
      columns: [t.organizationId, t.instanceId],
      foreignColumns: [instances.organizationId, instances.id],
    }),
    index('check_days_instance').on(t.organizationId, t.instanceId, t.day),
    check('check_days_calls', sql`${t.calls} >= 1`),
    ...organizationPolicy(t.organizationId),
  ],
)

/** When an installation last called with a key that is good there, and as what. */
export const sightings = pgTable(
  'sightings',
  {
    organizationId: uuid().notNull(),
    keyId: uuid().notNull(),
    installationId: text().notNull(),
    instanceId: uuid().notNull(),
    firstAt: instant().notNull(),
    lastAt: instant().notNull(),
    url: text(),
    glpiVersion: text(),
    productVersion: text(),
    /** By the reference of each product that asked (a suite's key is in several plugins): its version. */
    productVersions: jsonb().$type<Record<string, string>>().notNull().default({}),
    /** The key after this one has been seen too, so that this one need not call again; set by a trigger. */
    followed: boolean().notNull().default(false),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.keyId, t.installationId] }),
    foreignKey({
      name: 'sightings_key_fk',
      columns: [t.organizationId, t.keyId],
      foreignColumns: [keys.organizationId, keys.id],
    }),
    foreignKey({
      name: 'sightings_instance_fk',
      columns: [t.organizationId, t.instanceId],
      foreignColumns: [instances.organizationId, instances.id],
    }),
    index('sightings_instance').on(t.organizationId, t.instanceId, t.lastAt),
    index('sightings_quiet').on(t.organizationId, t.lastAt).where(sql`not ${t.followed}`),
    check('sightings_installation_id', isInstallationId(t.installationId)),
    check('sightings_span', sql`${t.firstAt} <= ${t.lastAt}`),
    ...organizationPolicy(t.organizationId),
    definerReads,
    definerAdds,
    definerChanges,
  ],
)
