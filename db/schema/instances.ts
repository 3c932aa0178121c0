import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  pgEnum,
  pgTable,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import {
  definerChanges,
  definerReads,
  folded,
  id,
  instant,
  isInstallationId,
  organizationPolicy,
} from './columns'
import { organizations } from './organizations'

export const environment = pgEnum('environment', ['production', 'test'])

export const instances = pgTable(
  'instances',
  {
    id: id(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    shortId: text().notNull().unique(),
    label: text().notNull(),
    /** What searches look through, stored since every search of the organization's instances reads it. */
    labelFolded: text().notNull().generatedAlwaysAs(folded(sql`label`)),
    environment: environment().notNull(),
    /** The production instance whose keys this test instance may use as well. */
    testOfId: uuid(),
    /** A constant for the foreign key: what an instance is a test copy of is no test copy itself. */
    testOfEnvironment: environment().notNull().generatedAlwaysAs(sql`'production'::environment`),
    installationId: text(),
    glpiVersion: text(),
    /** Its GLPI_NETWORK_SERVICES names this portal, so that GLPI's own registration box asks here. */
    asksPortal: boolean().notNull().default(false),
    createdAt: instant().notNull(),
    retiredAt: instant(),
  },
  (t) => [
    unique('instances_organization').on(t.organizationId, t.id),
    unique('instances_environment').on(t.organizationId, t.id, t.environment),
    foreignKey({
      name: 'instances_test_of_fk',
      columns: [t.organizationId, t.testOfId, t.testOfEnvironment],
      foreignColumns: [t.organizationId, t.id, t.environment],
    }),
    check(
      'instances_test_of',
      sql`${t.testOfId} is null or (${t.environment} = 'test' and ${t.testOfId} <> ${t.id})`,
    ),
    check('instances_label', sql`length(${t.label}) between 1 and 200 and ${t.label} ~ '[^[:space:]]'`),
    check('instances_installation_id', isInstallationId(t.installationId)),
    check('instances_short_id', sql`${t.shortId} ~ '^I-[0-9A-HJKMNP-TV-Z]{6}$'`),
    check('instances_span', sql`${t.createdAt} <= ${t.retiredAt}`),
    // Whether a GLPI is known to another organization: known_elsewhere().
    index('instances_installation').on(t.installationId),
    index('instances_list').on(t.organizationId, t.label, t.id),
    // For staff, who search all organizations: docs/decisions/0008.
    index('instances_label_anywhere').using('gin', t.labelFolded.op('gin_trgm_ops')),
    ...organizationPolicy(t.organizationId),
    definerReads,
    definerChanges,
  ],
)

/** Ordinal 0 is the main address, 1 to 5 are further addresses of the same GLPI: a sixth one has no ordinal left. */
export const instanceAddresses = pgTable(
  'instance_addresses',
  {
    id: id(),
    organizationId: uuid().notNull(),
    instanceId: uuid().notNull(),
    ordinal: smallint().notNull(),
    url: text().notNull(),
    /** What is compared (lib/instances/url.ts): unique within the organization while it is in use. */
    urlIdentity: text().notNull(),
    createdAt: instant().notNull(),
    retiredAt: instant(),
  },
  (t) => [
    foreignKey({
      name: 'instance_addresses_instance_fk',
      columns: [t.organizationId, t.instanceId],
      foreignColumns: [instances.organizationId, instances.id],
    }),
    uniqueIndex('instance_addresses_identity')
      .on(t.organizationId, t.urlIdentity)
      .where(sql`${t.retiredAt} is null`),
    uniqueIndex('instance_addresses_ordinal')
      .on(t.organizationId, t.instanceId, t.ordinal)
      .where(sql`${t.retiredAt} is null`),
    // Retired instances show theirs too, so the unique one above, of addresses in use, does not find them.
    index('instance_addresses_instance').on(t.organizationId, t.instanceId, t.ordinal),
    check('instance_addresses_ordinal', sql`${t.ordinal} between 0 and 5`),
    // What lib/instances/url.ts makes, as far as it can be said here: a host in lower case, neither user nor query nor
    // a slash at the end; and the identity is that very address without scheme, `www.` and default ports.
    // The semicolon by its number: drizzle-kit takes one for the end of the statement.
    check(
      'instance_addresses_url',
      sql`${t.url} ~ '^https?://([a-z0-9_-]+([.][a-z0-9_-]+)*|\\[[0-9a-f:]+\\])(:[0-9]{1,5})?(/[A-Za-z0-9_.~!$&''()*+,\\u003b=:@%-]+)*$' and length(${t.url}) <= 2048`,
    ),
    check(
      'instance_addresses_identity_of_url',
      sql`${t.urlIdentity} = regexp_replace(regexp_replace(${t.url}, '^https?://(www[.])*', ''), '^([^/]*):(80|443)(/|$)', '\\1\\3')`,
    ),
    check('instance_addresses_span', sql`${t.createdAt} <= ${t.retiredAt}`),
    index('instance_addresses_anywhere').on(t.urlIdentity),
    index('instance_addresses_search').using('gin', t.urlIdentity.op('gin_trgm_ops')),
    ...organizationPolicy(t.organizationId),
    definerReads,
  ],
)
