import { sql } from 'drizzle-orm'
import { check, foreignKey, pgTable, smallint, unique, uuid } from 'drizzle-orm/pg-core'
import { products } from './catalog'
import { id, instant, organizationPolicy } from './columns'
import { organizations } from './organizations'

export const subscriptions = pgTable(
  'subscriptions',
  {
    id: id(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    productId: uuid()
      .notNull()
      .references(() => products.id),
    createdAt: instant().notNull(),
  },
  (t) => [
    unique('subscriptions_organization').on(t.organizationId, t.id),
    ...organizationPolicy(t.organizationId),
  ],
)

/** A span of time `[starts, ends)` that was paid for. That no two of a subscription overlap is an exclusion constraint in the migrations. */
export const terms = pgTable(
  'terms',
  {
    id: id(),
    organizationId: uuid().notNull(),
    subscriptionId: uuid().notNull(),
    ordinal: smallint().notNull(),
    startsAt: instant().notNull(),
    endsAt: instant().notNull(),
    createdAt: instant().notNull(),
  },
  (t) => [
    foreignKey({
      name: 'terms_subscription_fk',
      columns: [t.organizationId, t.subscriptionId],
      foreignColumns: [subscriptions.organizationId, subscriptions.id],
    }),
    unique('terms_organization').on(t.organizationId, t.id),
    unique('terms_ordinal').on(t.organizationId, t.subscriptionId, t.ordinal),
    unique('terms_end').on(t.organizationId, t.id, t.endsAt),
    check('terms_ordinal_counts', sql`${t.ordinal} >= 1`),
    check('terms_span', sql`${t.startsAt} < ${t.endsAt}`),
    ...organizationPolicy(t.organizationId),
  ],
)
