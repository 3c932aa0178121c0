import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { invoiceEntries, invoices, paymentQuestions } from '@/db/schema/invoices'
import { checkouts } from '@/db/schema/payments'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import type { Jobs } from '@/lib/jobs/jobs'
import { paymentMatterMail } from '@/lib/mail/payment-matter'
import { sendOnce } from '@/lib/mail/send-once'
import { staffOf } from '@/lib/organizations/told'
import { openDisputes } from './rules'

/**
 * The job `mail.payment_matter`: to each account manager of the organization, or where it has none to the admins; nothing of
 * what has been decided meanwhile.
 * @throws when the mail server does not take one; the job is then tried again, each mail under its own name.
 */
export async function sendPaymentMatter(matter: Jobs['mail.payment_matter']) {
  const { organizationId, invoiceId, what } = matter
  const found = await asOrganization(organizationId, async (tx) => {
    const open = what === 'dispute' ? await disputed(tx, matter) : await asked(tx, matter, what)
    const [invoice] = await tx
      .select({ number: invoices.number, currency: invoices.currency, checkoutId: checkouts.id })
      .from(invoices)
      .innerJoin(
        checkouts,
        and(eq(checkouts.organizationId, invoices.organizationId), eq(checkouts.invoiceId, invoices.id)),
      )
      .where(and(eq(invoices.organizationId, organizationId), eq(invoices.id, invoiceId)))
    return open?.amount && invoice && { ...invoice, ...open, ...(await staffOf(tx, organizationId)) }
  })
  if (!found) return
  const { told, checkoutId, ...facts } = found
  const about = `matter-${what.replaceAll('_', '-')}.${checkoutId}`
  for (const { personId, to, language } of told) {
    const make = () => paymentMatterMail({ to, language, what, ...facts })
    await sendOnce({ job: 'mail.payment_matter', organizationId, about, personId, to, make })
  }
}

async function disputed(tx: OrganizationTx, { organizationId, invoiceId }: Jobs['mail.payment_matter']) {
  const [found] = await tx
    .select({
      amount: sql<number>`sum(${invoiceEntries.amount})`.mapWith(Number),
      dueAt: sql<Date | null>`min(${invoiceEntries.dueAt})`.mapWith(invoiceEntries.dueAt),
    })
    .from(invoiceEntries)
    .where(
      and(
        eq(invoiceEntries.organizationId, organizationId),
        eq(invoiceEntries.invoiceId, invoiceId),
        eq(invoiceEntries.kind, 'dispute'),
        inArray(invoiceEntries.status, openDisputes),
      ),
    )
  return found
}

async function asked(
  tx: OrganizationTx,
  { organizationId, invoiceId }: Jobs['mail.payment_matter'],
  what: Exclude<Jobs['mail.payment_matter']['what'], 'dispute'>,
) {
  const [found] = await tx
    .select({ amount: paymentQuestions.amount })
    .from(paymentQuestions)
    .where(
      and(
        eq(paymentQuestions.organizationId, organizationId),
        eq(paymentQuestions.invoiceId, invoiceId),
        eq(paymentQuestions.kind, what),
        isNull(paymentQuestions.closedAt),
      ),
    )
  return found && { ...found, dueAt: null }
}
