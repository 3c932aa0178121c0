import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgEnum,
  pgSequence,
  pgTable,
  primaryKey,
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
  },
  (t) => [
    check('billing_accounts_currency', sql`${t.currency} ~ '^[a-z]{3}$'`),
    check('billing_accounts_customer', sql`${t.customerId} ~ '^cus_'`),
    ...organizationPolicy(t.organizationId),
  ],
)

export const checkoutEnd = pgEnum('checkout_end', ['paid', 'expired', 'given_up', 'failed', 'not_created'])

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
    /** The invoice that was paid. */
    invoiceId: text(),
  },
  (t) => [
    unique('checkouts_organization').on(t.organizationId, t.id),
    check('checkouts_currency', sql`${t.currency} ~ '^[a-z]{3}$'`),
    check('checkouts_amount', sql`${t.amount} >= 1`),
    check('checkouts_ended', sql`(${t.endedAt} is null) = (${t.ended} is null)`),
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
    productId: uuid()
      .notNull()
      .references(() => products.id),
    instanceId: uuid(),
    priceId: uuid()
      .notNull()
      .references(() => prices.id),
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

export const invoiceStatus = pgEnum('invoice_status', ['open', 'paid', 'uncollectible', 'void'])

/** In which order Stripe was asked: what it said earlier is not written over what it said later. */
export const stripeReadings = pgSequence('stripe_readings')

/** A final invoice as Stripe has it: a mirror, for lists and for what a refund means. Money in the smallest unit. */
export const invoices = pgTable(
  'invoices',
  {
    /** Stripe's. */
    id: text().notNull(),
    organizationId: uuid()
      .notNull()
      .references(() => organizations.id),
    number: text().notNull(),
    status: invoiceStatus().notNull(),
    currency: text().notNull(),
    /** Without the tax that comes on top. */
    subtotal: bigint({ mode: 'number' }).notNull(),
    tax: bigint({ mode: 'number' }).notNull(),
    total: bigint({ mode: 'number' }).notNull(),
    amountPaid: bigint({ mode: 'number' }).notNull(),
    /** By credit notes, before and after it was paid. */
    credited: bigint({ mode: 'number' }).notNull(),
    /** Of what was paid: what has gone back, or is credited. */
    refunded: bigint({ mode: 'number' }).notNull(),
    hostedUrl: text(),
    pdfUrl: text(),
    createdAt: instant().notNull(),
    paidAt: instant(),
    dueAt: instant(),
    paymentIntentId: text(),
    reading: bigint({ mode: 'number' }).notNull(),
  },
  (t) => [
    // With the organization, so that the refusal does not tell whether another organization has such a row.
    primaryKey({ columns: [t.organizationId, t.id] }),
    check('invoices_id', sql`${t.id} ~ '^in_'`),
    check('invoices_currency', sql`${t.currency} ~ '^[a-z]{3}$'`),
    check('invoices_money', sql`least(${t.amountPaid}, ${t.credited}, ${t.refunded}) >= 0`),
    // Names only what is Stripe's to be asked for in a browser.
    check(
      'invoices_addresses',
      sql`coalesce(${t.hostedUrl} ~ '^https?://', true) and coalesce(${t.pdfUrl} ~ '^https?://', true)`,
    ),
    index('invoices_list').on(t.organizationId, t.createdAt, t.id),
    ...organizationPolicy(t.organizationId),
  ],
)

export const invoiceLines = pgTable(
  'invoice_lines',
  {
    /** Stripe's. */
    id: text().notNull(),
    organizationId: uuid().notNull(),
    invoiceId: text().notNull(),
    description: text().notNull(),
    amount: bigint({ mode: 'number' }).notNull(),
    /** What comes on top of it. */
    tax: bigint({ mode: 'number' }).notNull(),
    /** What it paid for, and by that its term; null where it was not the portal that asked for it. */
    checkoutLineId: uuid(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      name: 'invoice_lines_invoice_fk',
      columns: [t.organizationId, t.invoiceId],
      foreignColumns: [invoices.organizationId, invoices.id],
    }),
    foreignKey({
      name: 'invoice_lines_checkout_line_fk',
      columns: [t.organizationId, t.checkoutLineId],
      foreignColumns: [checkoutLines.organizationId, checkoutLines.id],
    }),
    index('invoice_lines_invoice').on(t.organizationId, t.invoiceId),
    ...organizationPolicy(t.organizationId),
  ],
)

export const invoiceEntryKind = pgEnum('invoice_entry_kind', ['credit_note', 'refund', 'dispute'])

/** What came of an invoice after it was made: its credit notes, refunds and disputes, as Stripe has them. */
export const invoiceEntries = pgTable(
  'invoice_entries',
  {
    /** Stripe's. */
    id: text().notNull(),
    organizationId: uuid().notNull(),
    invoiceId: text().notNull(),
    kind: invoiceEntryKind().notNull(),
    /** In Stripe's word. */
    status: text().notNull(),
    amount: bigint({ mode: 'number' }).notNull(),
    /** Of a credit note. */
    number: text(),
    pdfUrl: text(),
    happenedAt: instant().notNull(),
    /** Until when a dispute can be answered. */
    dueAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.id] }),
    foreignKey({
      name: 'invoice_entries_invoice_fk',
      columns: [t.organizationId, t.invoiceId],
      foreignColumns: [invoices.organizationId, invoices.id],
    }),
    check('invoice_entries_amount', sql`${t.amount} >= 0`),
    check('invoice_entries_address', sql`${t.pdfUrl} ~ '^https?://'`),
    index('invoice_entries_invoice').on(t.organizationId, t.invoiceId),
    // In whatever organization, for staff.
    index('invoice_entries_disputes').on(t.happenedAt).where(sql`${t.kind} = 'dispute'`),
    ...organizationPolicy(t.organizationId),
  ],
)

/**
 * `names_no_line`: money went back, or was disputed, and nothing says for which line. `money_kept`: what was refunded is the
 * vendor's again, and its keys are revoked. `not_free`: a dispute was won, and its term is paid otherwise meanwhile.
 */
export const paymentQuestionKind = pgEnum('payment_question_kind', [
  'names_no_line',
  'money_kept',
  'not_free',
])

/** What staff have to decide of an invoice, since no rule can. It ends when Stripe says otherwise, or by their hand. */
export const paymentQuestions = pgTable(
  'payment_questions',
  {
    id: id(),
    organizationId: uuid().notNull(),
    invoiceId: text().notNull(),
    kind: paymentQuestionKind().notNull(),
    amount: bigint({ mode: 'number' }).notNull(),
    askedAt: instant().notNull(),
    closedAt: instant(),
    /** Null where it went away by itself. */
    closedById: uuid().references(() => people.id),
  },
  (t) => [
    foreignKey({
      name: 'payment_questions_invoice_fk',
      columns: [t.organizationId, t.invoiceId],
      foreignColumns: [invoices.organizationId, invoices.id],
    }),
    // Answered once it is not asked again, until more goes back.
    unique('payment_questions_once').on(t.organizationId, t.invoiceId, t.kind, t.amount),
    check('payment_questions_span', sql`${t.askedAt} <= ${t.closedAt}`),
    check('payment_questions_closed', sql`${t.closedById} is null or ${t.closedAt} is not null`),
    index('payment_questions_open').on(t.askedAt).where(sql`${t.closedAt} is null`),
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
