import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  pgEnum,
  pgSequence,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { id, instant, organizationPolicy } from './columns'
import { organizations } from './organizations'
import { checkoutLines } from './payments'
import { people } from './people'

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
    /** No VAT was charged, since the buyer owes it. The default serves the version before. */
    reverseCharge: boolean().notNull().default(false),
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
 * `paid_late`: its Checkout, or the automatic renewal that charged it, had ended, and it was paid all the same. `paid_twice`:
 * what it was for had been paid meanwhile, so that its term follows that one.
 */
export const paymentQuestionKind = pgEnum('payment_question_kind', [
  'names_no_line',
  'money_kept',
  'not_free',
  'paid_late',
  'paid_twice',
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
