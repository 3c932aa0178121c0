import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgEnum,
  pgTable,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { keyBinding, products } from './catalog'
import { id, instant, organizationPolicy } from './columns'
import { instances } from './instances'
import { organizations } from './organizations'
import { people } from './people'
import { subscriptions, terms } from './subscriptions'

export const taxBehavior = pgEnum('tax_behavior', ['inclusive', 'exclusive'])

/** What a term of a product costs. One that changes is withdrawn, and another begins: what was shown and paid stays as it was. */
export const prices = pgTable(
  'prices',
  {
    id: id(),
    productId: uuid().notNull(),
    binding: keyBinding().notNull(),
    /** ISO 4217 in lower case, as Stripe writes it. */
    currency: text().notNull(),
    /** In the currency's smallest unit: cents, or whole yen. */
    amount: integer().notNull(),
    taxBehavior: taxBehavior().notNull(),
    months: smallint().notNull(),
    createdAt: instant().notNull(),
    withdrawnAt: instant(),
    /** The recurring price at Stripe that automatic renewal charges; null until `npm run stripe:sync` has made it. */
    stripePriceId: text().unique(),
  },
  (t) => [
    // What was sold is bound as it is for good (keys_product_fk); before that the catalog may still say otherwise.
    foreignKey({
      name: 'prices_product_fk',
      columns: [t.productId, t.binding],
      foreignColumns: [products.id, products.binding],
    }).onUpdate('cascade'),
    unique('prices_product').on(t.id, t.productId),
    uniqueIndex('prices_current')
      .on(t.productId, t.binding, t.currency, t.months)
      .where(sql`${t.withdrawnAt} is null`),
    check('prices_currency', sql`${t.currency} ~ '^[a-z]{3}$'`),
    // Stripe's most: eight digits.
    check('prices_amount', sql`${t.amount} between 1 and 99999999`),
    check('prices_months', sql`${t.months} between 1 and 36`),
    check('prices_span', sql`${t.createdAt} <= ${t.withdrawnAt}`),
  ],
)

/** An organization as Stripe's customer. What it pays in stays as it was first: Stripe mixes no currencies in one customer. */
export const billingAccounts = pgTable(
  'billing_accounts',
  {
    organizationId: uuid()
      .primaryKey()
      .references(() => organizations.id),
    currency: text().notNull(),
    customerId: text().unique(),
    createdAt: instant().notNull(),
    /** Customers that were deleted at Stripe: what was invoiced to them is the organization's all the same. */
    formerCustomerIds: text().array().notNull().default([]),
  },
  (t) => [
    check('billing_accounts_currency', sql`${t.currency} ~ '^[a-z]{3}$'`),
    check('billing_accounts_customer', sql`${t.customerId} ~ '^cus_'`),
    ...organizationPolicy(t.organizationId),
  ],
)

export const checkoutEnd = pgEnum('checkout_end', [
  'paid',
  'expired',
  'given_up',
  'failed',
  'not_created',
  'revoked',
])

/**
 * What somebody set out to pay together at Stripe. It is reserved before Stripe is asked, so that it is there whatever becomes
 * of the answer; open until it has ended.
 */
export const checkouts = pgTable(
  'checkouts',
  {
    id: id(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    begunById: uuid().references(() => people.id),
    begunAt: instant().notNull(),
    currency: text().notNull(),
    /** What was shown for all lines together, in the smallest unit, without what tax Stripe adds. */
    amount: bigint({ mode: 'number' }).notNull(),
    /** Counted on when Stripe repeats a failure of its own under the idempotency key, as it does for a day. */
    attempt: smallint().notNull().default(1),
    sessionId: text().unique(),
    sessionUrl: text(),
    /** When Stripe ends it by itself. */
    expiresAt: instant(),
    /** The person is done; of a delayed method the money is not there yet. */
    completedAt: instant(),
    endedAt: instant(),
    ended: checkoutEnd(),
    /** How it had ended before it was paid all the same; null where it had not. */
    lateAfter: checkoutEnd(),
    /** The invoice that was paid. */
    invoiceId: text(),
  },
  (t) => [
    unique('checkouts_organization').on(t.organizationId, t.id),
    check('checkouts_currency', sql`${t.currency} ~ '^[a-z]{3}$'`),
    check('checkouts_amount', sql`${t.amount} >= 1`),
    check('checkouts_ended', sql`(${t.endedAt} is null) = (${t.ended} is null)`),
    check(
      'checkouts_late',
      sql`${t.lateAfter} is null or (${t.ended} is not distinct from 'paid' and ${t.lateAfter} <> 'paid')`,
    ),
    check('checkouts_session', sql`(${t.sessionId} is null) = (${t.sessionUrl} is null)`),
    check('checkouts_span', sql`${t.begunAt} <= least(${t.completedAt}, ${t.endedAt})`),
    index('checkouts_open').on(t.organizationId, t.id).where(sql`${t.endedAt} is null`),
    ...organizationPolicy(t.organizationId),
  ],
)

/** A term to be paid: the next one of a subscription, or the first of a new one. */
export const checkoutLines = pgTable(
  'checkout_lines',
  {
    id: id(),
    organizationId: uuid().notNull(),
    checkoutId: uuid().notNull(),
    /** Null where it is bought anew. */
    subscriptionId: uuid(),
    productId: uuid().notNull(),
    instanceId: uuid(),
    priceId: uuid().notNull(),
    amount: integer().notNull(),
    months: smallint().notNull(),
    /** The term as it was shown; what is paid late may begin later. */
    startsAt: instant().notNull(),
    endsAt: instant().notNull(),
    /** With its checkout's, in one statement. */
    endedAt: instant(),
    /** What its payment has brought: never more than one. */
    termId: uuid(),
  },
  (t) => [
    unique('checkout_lines_organization').on(t.organizationId, t.id),
    unique('checkout_lines_term').on(t.organizationId, t.termId),
    // Of its own product, which is one.
    foreignKey({
      name: 'checkout_lines_price_fk',
      columns: [t.priceId, t.productId],
      foreignColumns: [prices.id, prices.productId],
    }),
    foreignKey({
      name: 'checkout_lines_checkout_fk',
      columns: [t.organizationId, t.checkoutId],
      foreignColumns: [checkouts.organizationId, checkouts.id],
    }),
    foreignKey({
      name: 'checkout_lines_subscription_fk',
      columns: [t.organizationId, t.subscriptionId],
      foreignColumns: [subscriptions.organizationId, subscriptions.id],
    }),
    foreignKey({
      name: 'checkout_lines_instance_fk',
      columns: [t.organizationId, t.instanceId],
      foreignColumns: [instances.organizationId, instances.id],
    }),
    foreignKey({
      name: 'checkout_lines_term_fk',
      columns: [t.organizationId, t.termId],
      foreignColumns: [terms.organizationId, terms.id],
    }),
    // Of two clicks, tabs or members at once, one pays.
    uniqueIndex('checkout_lines_renewed_once')
      .on(t.organizationId, t.subscriptionId)
      .where(sql`${t.endedAt} is null and ${t.subscriptionId} is not null`),
    uniqueIndex('checkout_lines_bought_once')
      .on(t.organizationId, t.productId, sql`coalesce(${t.instanceId}, ${t.organizationId})`)
      .where(sql`${t.endedAt} is null and ${t.subscriptionId} is null`),
    index('checkout_lines_checkout').on(t.organizationId, t.checkoutId),
    check('checkout_lines_amount', sql`${t.amount} >= 1`),
    check('checkout_lines_span', sql`${t.startsAt} < ${t.endsAt}`),
    ...organizationPolicy(t.organizationId),
  ],
)

/**
 * What Stripe told, each event once: the queue that the worker takes from. Only what it is about is kept; what is true of
 * that is asked of Stripe when it is worked on.
 */
export const stripeEvents = pgTable(
  'stripe_events',
  {
    id: text().primaryKey(),
    type: text().notNull(),
    /** What the event is about, by Stripe's ID. */
    objectId: text().notNull(),
    live: boolean().notNull(),
    /** When Stripe says that it happened. */
    happenedAt: instant().notNull(),
    receivedAt: instant().notNull(),
    /** It never came: Stripe was asked what had happened. */
    missed: boolean().notNull().default(false),
    /** Not before then; moved on by whoever takes it, so that a process that dies with it only delays it. */
    dueAt: instant().notNull(),
    tries: smallint().notNull().default(0),
    doneAt: instant(),
    /** What became of it: the effect, or why there was none. */
    outcome: text(),
  },
  (t) => [
    check('stripe_events_id', sql`${t.id} ~ '^evt_'`),
    check('stripe_events_done', sql`(${t.doneAt} is null) = (${t.outcome} is null)`),
    index('stripe_events_due').on(t.dueAt).where(sql`${t.doneAt} is null`),
    // When the last one came.
    index('stripe_events_received').on(t.receivedAt).where(sql`not ${t.missed}`),
  ],
)

/** Each time that Stripe was asked what the portal had missed. */
export const stripeReconciliations = pgTable(
  'stripe_reconciliations',
  {
    id: id(),
    /** What happened at Stripe before then has been asked for. */
    ranAt: instant().notNull(),
    /** Events that had not come. */
    missed: integer().notNull(),
    /** Checkouts that stood otherwise than was known. */
    settled: integer().notNull(),
  },
  (t) => [
    check('stripe_reconciliations_counts', sql`${t.missed} >= 0 and ${t.settled} >= 0`),
    index('stripe_reconciliations_ran').on(t.ranAt),
  ],
)

export const paymentDifferenceKind = pgEnum('payment_difference_kind', [
  'paid_without_term',
  'term_without_payment',
  'amount_differs',
  'ends_early',
  'event_stuck',
  'silence',
  'other_mode',
  'charges_otherwise',
  'renews_without_ours',
  'renews_without_theirs',
  'permission_missing',
])

/** Where Stripe and the portal do not say the same, for the vendor's staff; gone once they do. */
export const paymentDifferences = pgTable(
  'payment_differences',
  {
    id: id(),
    kind: paymentDifferenceKind().notNull(),
    /** What it is about: a session or an event of Stripe, a line of ours. */
    subject: text().notNull(),
    /** Null where it is about none, or about one that is not known here. */
    checkoutId: uuid().references(() => checkouts.id),
    foundAt: instant().notNull(),
    goneAt: instant(),
  },
  (t) => [
    // However often it is found, it is one.
    uniqueIndex('payment_differences_open').on(t.kind, t.subject).where(sql`${t.goneAt} is null`),
    check('payment_differences_span', sql`${t.foundAt} <= ${t.goneAt}`),
  ],
)
