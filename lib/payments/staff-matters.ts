import { and, asc, eq, inArray, isNull } from 'drizzle-orm'
import { invoiceEntries, invoices, paymentQuestions } from '@/db/schema/invoices'
import { organizations } from '@/db/schema/organizations'
import type { StaffTx } from '@/db/scope'
import { openDisputes } from './rules'

export type PaymentMatter = Awaited<ReturnType<typeof paymentMatters>>[number]

/** What staff have to decide about payments, in whatever organization, the oldest first; at most fifty of each sort. */
export async function paymentMatters(tx: StaffTx) {
  const [disputes, questions] = [await disputesOf(tx), await questionsOf(tx)]
  return [
    ...disputes.map((one) => ({ ...one, what: 'dispute' as const })),
    ...questions.map((one) => ({ ...one, dueAt: null })),
  ]
}

const of = {
  number: invoices.number,
  currency: invoices.currency,
  slug: organizations.slug,
  organization: organizations.name,
}

const disputesOf = (tx: StaffTx) =>
  tx
    .select({
      id: invoiceEntries.id,
      at: invoiceEntries.happenedAt,
      dueAt: invoiceEntries.dueAt,
      amount: invoiceEntries.amount,
      ...of,
    })
    .from(invoiceEntries)
    .innerJoin(
      invoices,
      and(
        eq(invoices.organizationId, invoiceEntries.organizationId),
        eq(invoices.id, invoiceEntries.invoiceId),
      ),
    )
    .innerJoin(organizations, eq(organizations.id, invoices.organizationId))
    .where(and(eq(invoiceEntries.kind, 'dispute'), inArray(invoiceEntries.status, openDisputes)))
    .orderBy(asc(invoiceEntries.happenedAt), asc(invoiceEntries.id))
    .limit(50)

const questionsOf = (tx: StaffTx) =>
  tx
    .select({
      id: paymentQuestions.id,
      what: paymentQuestions.kind,
      at: paymentQuestions.askedAt,
      amount: paymentQuestions.amount,
      ...of,
    })
    .from(paymentQuestions)
    .innerJoin(
      invoices,
      and(
        eq(invoices.organizationId, paymentQuestions.organizationId),
        eq(invoices.id, paymentQuestions.invoiceId),
      ),
    )
    .innerJoin(organizations, eq(organizations.id, invoices.organizationId))
    .where(isNull(paymentQuestions.closedAt))
    .orderBy(asc(paymentQuestions.askedAt), asc(paymentQuestions.id))
    .limit(50)
