import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm'
import { z } from 'zod'
import { invoiceEntries, invoiceEntryKind, invoiceLines, invoiceStatus, invoices } from '@/db/schema/invoices'
import { checkoutLines, checkouts } from '@/db/schema/payments'
import { termRefunds, terms } from '@/db/schema/subscriptions'
import type { OrganizationTx } from '@/db/scope'
import { command, type Scope } from '@/lib/command'
import { enqueue } from '@/lib/jobs/enqueue'
import { lockSubscription } from '@/lib/subscriptions/add-term'
import { refundTerm, restoreTerm } from '@/lib/subscriptions/refund-term'
import { type AskedBefore, askedBefore, askStaff, tellStaff } from './ask-staff'
import { paidTwice } from './paid-twice'
import { openDisputes, type Returned, returnedOf } from './rules'

const Money = z.number().int()
/** What Stripe has said of an invoice itself. */
export const InvoiceItself = z.object({
  id: z.string(),
  number: z.string(),
  status: z.enum(invoiceStatus.enumValues),
  currency: z.string(),
  subtotal: Money,
  tax: Money,
  reverseCharge: z.boolean(),
  total: Money,
  amountPaid: Money,
  credited: Money,
  refunded: Money,
  hostedUrl: z.url().nullable(),
  pdfUrl: z.url().nullable(),
  createdAt: z.date(),
  paidAt: z.date().nullable(),
  dueAt: z.date().nullable(),
  paymentIntentId: z.string().nullable(),
})

/** What Stripe has said of an invoice, with all that came of it. */
export const InvoiceTold = z.object({
  /** Counted up with each time that Stripe is asked. */
  reading: z.number().int(),
  invoice: InvoiceItself,
  chargeId: z.string().nullable(),
  lines: z.array(
    z.object({
      id: z.string(),
      description: z.string(),
      amount: Money,
      tax: Money,
      checkoutLineId: z.uuid().nullable(),
    }),
  ),
  credited: z.array(z.object({ noteId: z.string(), lineId: z.string().nullable(), amount: Money })),
  entries: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(invoiceEntryKind.enumValues),
      status: z.string(),
      amount: Money,
      number: z.string().nullable(),
      pdfUrl: z.url().nullable(),
      happenedAt: z.date(),
      dueAt: z.date().nullable(),
    }),
  ),
})
type Input = z.output<typeof InvoiceTold>

/**
 * Brings an invoice's mirror to what Stripe has said of it, and what it paid for with it: a line whose money went back is
 * paid no longer (see `returnedOf`), and one that a dispute had taken is again where that is won. As often as it is told; what
 * Stripe said earlier than what is known changes nothing.
 */
export const settleInvoice = command('invoice.settle', InvoiceTold, async (scope, told) => {
  // What Stripe says of an invoice is nobody's doing; what comes of it is recorded below.
  scope.unchanged()
  if (!(await mirror(scope, told))) return { effect: 'older' }
  const { lines, credited, entries, invoice } = told
  const disputes = entries.filter(({ kind }) => kind === 'dispute')
  const returned = returnedOf({ ...invoice, lines, credited, disputes })
  // What does not wait for one another leaves in one packet.
  const [paid, known] = await Promise.all([
    paidTerms(scope, told.invoice.id),
    askedBefore(scope, told.invoice.id),
  ])
  let effect: string = invoice.status
  const revoked: string[] = []
  const restored: string[] = []
  const notFree: TermOfLine[] = []
  for (const term of paid) {
    const lost = returned.disputed.includes(term.lineId)
    const back = returned.refunded.includes(term.lineId)
    if (back || lost) {
      const reason = back ? 'refunded' : 'disputed'
      const because = becauseOf(told, term.lineId, reason)
      const taken = term.refundedAt ? null : await refundTerm(scope, { termId: term.termId, reason, because })
      if (taken) {
        effect = 'refunded'
        revoked.push(...taken)
        scope.audit({ details: { number: invoice.number, product: term.description, reason } })
      }
    } else if (term.reason === 'disputed') {
      const given = await restoreTerm(scope, term.termId)
      if (given) restored.push(...given)
      else notFree.push(term)
      if (given && effect !== 'refunded') effect = 'restored'
    }
  }
  await askAbout(scope, told, known, { returned, paid, notFree })
  if (disputes.some(({ status }) => openDisputes.some((open) => open === status)))
    await tellStaff(scope.tx, {
      organizationId: scope.organizationId,
      invoiceId: invoice.id,
      what: 'dispute',
    })
  await tell(scope, revoked, false)
  await tell(scope, restored, true)
  return { effect }
})

const tell = async ({ tx, organizationId }: Scope, revocationIds: string[], restored: boolean) => {
  if (revocationIds.length > 0)
    await enqueue(tx, 'mail.keys_returned', { organizationId, revocationIds, restored })
}

/** Asks staff what no rule decides. */
async function askAbout(
  scope: Scope,
  told: Input,
  known: AskedBefore,
  { returned, paid, notFree }: { returned: Returned; paid: TermOfLine[]; notFree: TermOfLine[] },
) {
  // What was refunded and is so no longer: no rule gives it back, since somebody else may have paid it meanwhile.
  const kept = paid.filter(
    ({ reason, lineId }) => reason === 'refunded' && !returned.refunded.includes(lineId),
  )
  const counting = paid.filter(
    ({ lineId }) => !returned.refunded.includes(lineId) && !returned.disputed.includes(lineId),
  )
  const twice = await paidTwice(scope, counting)
  await askStaff(scope, told.invoice.id, known, {
    names_no_line: returned.unnamed + (await worthUnknown(scope, told, returned, paid)),
    money_kept: worthOf(kept),
    not_free: worthOf(notFree),
    paid_late: worthOf(counting.filter((term) => term.late && !twice.has(term))),
    paid_twice: worthOf([...twice]),
  })
}

/** Keeps an invoice that is told of before all that came of it is: of that, `settleInvoice` has the say. */
export async function keepInvoice({ tx, organizationId }: Scope, invoice: z.output<typeof InvoiceItself>) {
  await tx
    .insert(invoices)
    .values({ organizationId, ...invoice, reading: 0 })
    .onConflictDoNothing()
}

/** Writes what Stripe has said. @returns false where something later is known */
async function mirror({ tx, organizationId }: Scope, told: Input): Promise<boolean> {
  const { id, ...said } = told.invoice
  const changing = {
    ...{ status: said.status, amountPaid: said.amountPaid, credited: said.credited, refunded: said.refunded },
    ...{ hostedUrl: said.hostedUrl, pdfUrl: said.pdfUrl, paidAt: said.paidAt, dueAt: said.dueAt },
    ...{ paymentIntentId: said.paymentIntentId, reading: told.reading },
  }
  const written = await tx
    .insert(invoices)
    .values({ id, organizationId, ...said, reading: told.reading })
    .onConflictDoUpdate({
      target: [invoices.organizationId, invoices.id],
      set: changing,
      setWhere: sql`${invoices.reading} < ${told.reading}`,
    })
    .returning({ id: invoices.id })
  if (written.length === 0) return false
  const own = await ownLines(tx, organizationId, told)
  const of = { organizationId, invoiceId: id }
  if (told.lines.length > 0)
    await tx
      .insert(invoiceLines)
      .values(
        told.lines.map(({ checkoutLineId, ...line }) => ({
          ...line,
          ...of,
          checkoutLineId: checkoutLineId && own.has(checkoutLineId) ? checkoutLineId : null,
        })),
      )
      .onConflictDoNothing()
  for (const entry of told.entries) {
    const { status, amount, pdfUrl, dueAt } = entry
    await tx
      .insert(invoiceEntries)
      .values({ ...entry, ...of })
      .onConflictDoUpdate({
        target: [invoiceEntries.organizationId, invoiceEntries.id],
        set: { status, amount, pdfUrl, dueAt },
      })
  }
  return true
}

/** Metadata may say anything: only what the organization has. */
async function ownLines(tx: OrganizationTx, organizationId: string, { lines }: Input): Promise<Set<string>> {
  const named = lines.flatMap(({ checkoutLineId }) => checkoutLineId ?? [])
  if (named.length === 0) return new Set()
  const found = await tx
    .select({ id: checkoutLines.id })
    .from(checkoutLines)
    .where(and(eq(checkoutLines.organizationId, organizationId), inArray(checkoutLines.id, named)))
  return new Set(found.map(({ id }) => id))
}

type TermOfLine = Awaited<ReturnType<typeof paidTerms>>[number]

/** Its Checkout had ended before it was paid. */
const isLate = sql<boolean>`exists (select from checkouts c where c.organization_id = ${checkoutLines.organizationId}
  and c.id = ${checkoutLines.checkoutId} and c.late_after is not null)`

/** The terms that an invoice has paid, their subscriptions locked in the order in which whoever pays locks them. */
async function paidTerms({ tx, organizationId }: Scope, invoiceId: string) {
  const its = and(eq(invoiceLines.organizationId, organizationId), eq(invoiceLines.invoiceId, invoiceId))
  const ofLine = and(
    eq(checkoutLines.organizationId, invoiceLines.organizationId),
    eq(checkoutLines.id, invoiceLines.checkoutLineId),
  )
  const ofTerm = and(
    eq(terms.organizationId, checkoutLines.organizationId),
    eq(terms.id, checkoutLines.termId),
  )
  const of = await tx
    .selectDistinct({ id: terms.subscriptionId })
    .from(invoiceLines)
    .innerJoin(checkoutLines, ofLine)
    .innerJoin(terms, ofTerm)
    .where(its)
    .orderBy(asc(terms.subscriptionId))
  if (of.length === 0) return []
  for (const { id } of of) await lockSubscription(tx, organizationId, id)
  return tx
    .select({
      lineId: invoiceLines.id,
      description: invoiceLines.description,
      amount: sql<number>`${invoiceLines.amount} + ${invoiceLines.tax}`.mapWith(Number),
      checkoutId: checkoutLines.checkoutId,
      checkoutLineId: checkoutLines.id,
      late: isLate,
      termId: terms.id,
      refundedAt: terms.refundedAt,
      reason: termRefunds.reason,
    })
    .from(invoiceLines)
    .innerJoin(checkoutLines, ofLine)
    .innerJoin(terms, ofTerm)
    .leftJoin(
      termRefunds,
      and(
        eq(termRefunds.organizationId, terms.organizationId),
        eq(termRefunds.termId, terms.id),
        isNull(termRefunds.restoredAt),
      ),
    )
    .where(its)
    .orderBy(asc(invoiceLines.id))
}

/** Stripe's ID of what took a line's money back. */
function becauseOf({ invoice, credited, entries, chargeId }: Input, lineId: string, reason: string): string {
  const by =
    reason === 'disputed'
      ? entries.find(({ kind, status }) => kind === 'dispute' && status === 'lost')?.id
      : credited.find((one) => one.lineId === lineId)?.noteId
  return by ?? chargeId ?? invoice.id
}

/**
 * What went back of lines of a Checkout of ours that name none of its own: Stripe has lost what we told it of them. Nothing
 * is revoked on a guess, and nothing is passed over.
 */
async function worthUnknown(
  { tx, organizationId }: Scope,
  { invoice, lines }: Input,
  { refunded, disputed }: Returned,
  paid: readonly TermOfLine[],
): Promise<number> {
  const known = new Set(paid.map(({ lineId }) => lineId))
  const unknown = lines.filter(({ id }) => [...refunded, ...disputed].includes(id) && !known.has(id))
  if (unknown.length === 0) return 0
  const ours = and(eq(checkouts.organizationId, organizationId), eq(checkouts.invoiceId, invoice.id))
  const [checkout] = await tx.select({ id: checkouts.id }).from(checkouts).where(ours)
  return checkout ? unknown.reduce((sum, { amount, tax }) => sum + amount + tax, 0) : 0
}

const worthOf = (of: readonly TermOfLine[]) => of.reduce((sum, { amount }) => sum + amount, 0)
