import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { id, instant, organizationPolicy } from './columns'
import { organizations } from './organizations'
import { checkouts, prices } from './payments'
import { people } from './people'
import { subscriptions } from './subscriptions'

/**
 * `by_member`: somebody of the organization. `payment_failed`: Stripe gave up. `at_stripe`: somebody of the vendor, there.
 * `disputed`: what was paid last, and lost.
 * `not_charged`: its day went by without a charge. `over`, `not_set_up`, `not_created`: it never began.
 */
export const automaticEnd = pgEnum('automatic_end', [
  'by_member',
  'payment_failed',
  'at_stripe',
  'customer_deleted',
  'withdrawn',
  'retired',
  'revoked',
  'refunded',
  'disputed',
  'not_charged',
  'over',
  'not_set_up',
  'not_created',
])

/**
 * That a subscription renews by itself: a subscription of Stripe's of which the first charge lies at the end of what is paid.
 * It is reserved before Stripe is asked; on once it has started, until it has ended.
 */
export const automaticRenewals = pgTable(
  'automatic_renewals',
  {
    id: id(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    subscriptionId: uuid().notNull(),
    priceId: uuid()
      .notNull()
      .references(() => prices.id),
    /** Of each term, as it was shown, in the smallest unit; a new price of the catalog does not change it. */
    amount: integer().notNull(),
    currency: text().notNull(),
    begunById: uuid().references(() => people.id),
    begunAt: instant().notNull(),
    /** Counted on when Stripe repeats a failure of its own. */
    attempt: smallint().notNull().default(1),
    /** The Checkout in which a means of payment is given. */
    sessionId: text().unique(),
    sessionUrl: text(),
    stripeSubscriptionId: text().unique(),
    startedAt: instant(),
    /** When Stripe charges next, as it was last heard. */
    chargesAt: instant(),
    /** A charge has failed, and Stripe goes on trying. */
    failedAt: instant(),
    endedAt: instant(),
    ended: automaticEnd(),
    endedById: uuid().references(() => people.id),
    /** Stripe charges nothing for it any more. */
    cancelledAt: instant(),
  },
  (t) => [
    unique('automatic_renewals_organization').on(t.organizationId, t.id),
    foreignKey({
      name: 'automatic_renewals_subscription_fk',
      columns: [t.organizationId, t.subscriptionId],
      foreignColumns: [subscriptions.organizationId, subscriptions.id],
    }),
    // Of two clicks, tabs or members at once, one switches it on.
    uniqueIndex('automatic_renewals_open')
      .on(t.organizationId, t.subscriptionId)
      .where(sql`${t.endedAt} is null`),
    check('automatic_renewals_currency', sql`${t.currency} ~ '^[a-z]{3}$'`),
    check('automatic_renewals_amount', sql`${t.amount} >= 1`),
    check('automatic_renewals_ended', sql`(${t.endedAt} is null) = (${t.ended} is null)`),
    check('automatic_renewals_ended_by', sql`${t.endedById} is null or ${t.ended} = 'by_member'`),
    check('automatic_renewals_started', sql`(${t.startedAt} is null) = (${t.stripeSubscriptionId} is null)`),
    check('automatic_renewals_session', sql`(${t.sessionId} is null) = (${t.sessionUrl} is null)`),
    check('automatic_renewals_cancelled', sql`${t.cancelledAt} is null or ${t.endedAt} is not null`),
    check('automatic_renewals_span', sql`${t.begunAt} <= least(${t.startedAt}, ${t.endedAt})`),
    // For the nightly look.
    index('automatic_renewals_live').on(t.id).where(sql`${t.cancelledAt} is null`),
    ...organizationPolicy(t.organizationId),
  ],
)

/** An invoice of an automatic renewal, and the payment of ours that its term came by. */
export const automaticCharges = pgTable(
  'automatic_charges',
  {
    organizationId: uuid().notNull(),
    /** Stripe's. */
    invoiceId: text().notNull(),
    renewalId: uuid().notNull(),
    checkoutId: uuid().notNull(),
    /** Members were asked to see to it. */
    failedAt: instant(),
  },
  (t) => [
    // Of one invoice there is one payment, and so one term.
    primaryKey({ columns: [t.organizationId, t.invoiceId] }),
    unique('automatic_charges_checkout').on(t.organizationId, t.checkoutId),
    foreignKey({
      name: 'automatic_charges_renewal_fk',
      columns: [t.organizationId, t.renewalId],
      foreignColumns: [automaticRenewals.organizationId, automaticRenewals.id],
    }),
    foreignKey({
      name: 'automatic_charges_checkout_fk',
      columns: [t.organizationId, t.checkoutId],
      foreignColumns: [checkouts.organizationId, checkouts.id],
    }),
    check('automatic_charges_invoice', sql`${t.invoiceId} ~ '^in_'`),
    ...organizationPolicy(t.organizationId),
  ],
)
