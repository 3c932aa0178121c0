import { sql } from 'drizzle-orm'
import {
  type AnyPgColumn,
  boolean,
  check,
  date,
  foreignKey,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { id, instant, isWritten } from './columns'

export const productKind = pgEnum('product_kind', ['plugin', 'suite', 'cloud_plan'])
export const keyKind = pgEnum('key_kind', ['subscription', 'trial', 'permanent'])
export const keyBinding = pgEnum('key_binding', ['url', 'installation', 'organization'])
export const endBehaviour = pgEnum('end_behaviour', ['read_only', 'trial_mode', 'disabled'])

export const products = pgTable(
  'products',
  {
    id: id(),
    /** The plugin's directory in GLPI, or the plan's reference: what a GLPI and a catalog file call it. */
    reference: text().notNull().unique(),
    name: text().notNull(),
    kind: productKind().notNull(),
    isSuite: boolean().notNull().generatedAlwaysAs(sql`kind = 'suite'`),
    openSource: boolean().notNull().default(false),
    keyKind: keyKind().notNull().default('subscription'),
    binding: keyBinding().notNull().default('url'),
    description: jsonb().$type<{ en: string; fr: string }>().notNull(),
    freeFeatures: jsonb().$type<string[]>().notNull().default([]),
    trialDays: smallint(),
    /** By how many of them a trial can be made longer without asking; 0: by none. */
    moreTrialDays: smallint().notNull().default(15),
    overlapDays: smallint().notNull().default(14),
    graceDays: smallint().notNull().default(7),
    movesPerYear: smallint().notNull().default(3),
    onExpiry: endBehaviour().notNull().default('read_only'),
    onRevocation: endBehaviour().notNull().default('read_only'),
    /** The key service gives a renewal's key to whoever uses the one before, so that nobody pastes it. */
    handsOver: boolean().notNull().default(true),
    homepageUrl: text(),
    createdAt: instant().notNull(),
    withdrawnAt: instant(),
  },
  (t) => [
    // What its keys refer to, so that each is of a kind and has a binding that its product allows.
    unique('products_key_kind_of').on(t.id, t.keyKind),
    unique('products_binding_of').on(t.id, t.binding),
    unique('products_is_suite').on(t.id, t.isSuite),
    check('products_reference', sql`${t.reference} ~ '^[a-z0-9]+([_-][a-z0-9]+)*$'`),
    check('products_name', isWritten(t.name)),
    check('products_trial_days', sql`${t.trialDays} in (15, 30)`),
    check('products_more_trial_days', sql`${t.moreTrialDays} between 0 and 30`),
    check('products_open_source', sql`not ${t.openSource} or ${t.trialDays} is null`),
    check('products_key_kind', sql`${t.keyKind} <> 'trial'`),
    check(
      'products_days',
      sql`${t.overlapDays} between 0 and 60 and ${t.graceDays} between 1 and 60 and ${t.movesPerYear} >= 0`,
    ),
  ],
)

export const suiteProducts = pgTable(
  'suite_products',
  {
    suiteId: uuid().notNull(),
    productId: uuid().notNull(),
    // What the references below compare: a suite contains products, and no suite.
    isOfSuite: boolean().notNull().generatedAlwaysAs(sql`true`),
    containsSuite: boolean().notNull().generatedAlwaysAs(sql`false`),
  },
  (t) => [
    primaryKey({ columns: [t.suiteId, t.productId] }),
    foreignKey({
      name: 'suite_products_suite_fk',
      columns: [t.suiteId, t.isOfSuite],
      foreignColumns: [products.id, products.isSuite],
    }),
    foreignKey({
      name: 'suite_products_product_fk',
      columns: [t.productId, t.containsSuite],
      foreignColumns: [products.id, products.isSuite],
    }),
  ],
)

/** As `Version` of lib/catalog/input.ts has it. */
const isVersion = (version: AnyPgColumn) =>
  sql`${version} ~* '^v?[0-9]+([.][0-9]+)*([-.]?[a-z]+[-.]?[0-9]*)?$'`

/** The numbers of a version that rules.ts compares: of `v11.0.0-rc1`, 11, 0 and 0. */
const numbersOf = (version: AnyPgColumn) =>
  sql`string_to_array(substring(${version} from '^v?([0-9]+(?:[.][0-9]+)*)'), '.')::numeric[]`

export const releases = pgTable(
  'releases',
  {
    id: id(),
    productId: uuid()
      .notNull()
      .references(() => products.id),
    version: text().notNull(),
    glpiMin: text().notNull(),
    /** The last GLPI version it works on, by prefix: `11.0` includes 11.0.9. Null: no end known. */
    glpiMax: text(),
    releasedOn: date({ mode: 'string' }).notNull(),
  },
  (t) => [
    unique('releases_version').on(t.productId, t.version),
    check(
      'releases_versions',
      sql`${isVersion(t.version)} and ${isVersion(t.glpiMin)} and ${isVersion(t.glpiMax)}`,
    ),
    check(
      'releases_glpi_span',
      sql`(${numbersOf(t.glpiMin)})[1:cardinality(${numbersOf(t.glpiMax)})] <= ${numbersOf(t.glpiMax)}`,
    ),
  ],
)
