import { and, eq, inArray, isNotNull } from 'drizzle-orm'
import { paymentQuestions } from '@/db/schema/invoices'
import type { OrganizationTx } from '@/db/scope'
import type { Scope } from '@/lib/command'
import { newId } from '@/lib/ids'
import { enqueue } from '@/lib/jobs/enqueue'
import type { Jobs } from '@/lib/jobs/jobs'

type Kind = (typeof paymentQuestions.$inferSelect)['kind']

const ofInvoice = (organizationId: string, invoiceId: string) =>
  and(eq(paymentQuestions.organizationId, organizationId), eq(paymentQuestions.invoiceId, invoiceId))

export type AskedBefore = (typeof paymentQuestions.$inferSelect)[]

/** All that staff were ever asked of an invoice. */
export const askedBefore = (
  { tx, organizationId }: Pick<Scope, 'tx' | 'organizationId'>,
  invoiceId: string,
): Promise<AskedBefore> => tx.select().from(paymentQuestions).where(ofInvoice(organizationId, invoiceId))

/**
 * Asks staff what no rule decides, each once; what is no longer so goes away by itself.
 * @param known as of `askedBefore`, since the invoice was written in this transaction
 */
export async function askStaff(
  { tx, organizationId, now }: Scope,
  invoiceId: string,
  known: AskedBefore,
  amounts: Record<Kind, number>,
) {
  const wanted = Object.entries(amounts).flatMap(([kind, amount]) =>
    // the names of the record itself
    amount > 0 ? [{ kind: kind as Kind, amount }] : [],
  )
  const of = ofInvoice(organizationId, invoiceId)
  const isWanted = (one: { kind: Kind; amount: number }) =>
    wanted.some(({ kind, amount }) => kind === one.kind && amount === one.amount)
  const over = known.filter((one) => !one.closedAt && !isWanted(one))
  if (over.length > 0)
    await tx
      .update(paymentQuestions)
      .set({ closedAt: now })
      .where(and(of, isOneOf(over)))
  // One that went away by itself and is so again is asked again; one that somebody has closed is not.
  const again = known.filter((one) => one.closedAt && !one.closedById && isWanted(one))
  if (again.length > 0)
    await tx
      .update(paymentQuestions)
      .set({ closedAt: null })
      .where(and(of, isNotNull(paymentQuestions.closedAt), isOneOf(again)))
  if (wanted.length === 0) return
  const asked = await tx
    .insert(paymentQuestions)
    .values(wanted.map((one) => ({ id: newId(now), organizationId, invoiceId, askedAt: now, ...one })))
    .onConflictDoNothing()
    .returning({ what: paymentQuestions.kind })
  // Of money that comes late its payment tells, with what of it was paid twice.
  for (const { what } of asked)
    if (what !== 'paid_late' && what !== 'paid_twice')
      await tellStaff(tx, { organizationId, invoiceId, what })
}

/** Mails staff what they have to decide of an invoice; each once, as often as this is called. */
export const tellStaff = (tx: OrganizationTx, matter: Jobs['mail.payment_matter']) =>
  enqueue(tx, 'mail.payment_matter', matter, { jobKey: `matter.${matter.what}.${matter.invoiceId}` })

const isOneOf = (questions: readonly { id: string }[]) =>
  inArray(
    paymentQuestions.id,
    questions.map(({ id }) => id),
  )
