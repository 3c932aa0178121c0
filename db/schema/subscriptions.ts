import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  pgEnum,
  pgTable,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
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

/** A span of time `[starts, ends)` that was paid for. That no two that count of a subscription overlap is an exclusion constraint in the migrations. */
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
    /** Its money has gone back, so that it counts no longer: set together with the row that says why. */
    refundedAt: instant(),
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

export const termRefundReason = pgEnum('term_refund_reason', ['refunded', 'disputed'])

/** That a term is paid no longer, and by what. To undo it is the same row's end. */
export const termRefunds = pgTable(
  'term_refunds',
  {
    id: id(),
    organizationId: uuid().notNull(),
    termId: uuid().notNull(),
    reason: termRefundReason().notNull(),
    /** Stripe's ID of the credit note, the charge or the dispute. */
    because: text().notNull(),
    refundedAt: instant().notNull(),
    restoredAt: instant(),
  },
  (t) => [
    foreignKey({
      name: 'term_refunds_term_fk',
      columns: [t.organizationId, t.termId],
      foreignColumns: [terms.organizationId, terms.id],
    }),
    uniqueIndex('term_refunds_current').on(t.organizationId, t.termId).where(sql`${t.restoredAt} is null`),
    check('term_refunds_span', sql`${t.refundedAt} <= ${t.restoredAt}`),
    ...organizationPolicy(t.organizationId),
  ],
)
