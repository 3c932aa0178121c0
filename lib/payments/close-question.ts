import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { invoices, paymentQuestions } from '@/db/schema/invoices'
import { command } from '@/lib/command'
import { NotFound } from '@/lib/errors'

const CloseQuestion = z.object({ questionId: z.uuid('not_found') })

/** Says that staff have seen to what Stripe said of an invoice. Twice is once. @throws NotFound */
export const closeQuestion = command(
  'invoice.close_question',
  CloseQuestion,
  async ({ tx, organizationId, personId, now, audit, unchanged }, { questionId }) => {
    const its = and(eq(paymentQuestions.organizationId, organizationId), eq(paymentQuestions.id, questionId))
    const [question] = await tx
      .select({ number: invoices.number })
      .from(paymentQuestions)
      .innerJoin(
        invoices,
        and(
          eq(invoices.organizationId, paymentQuestions.organizationId),
          eq(invoices.id, paymentQuestions.invoiceId),
        ),
      )
      .where(its)
    if (!question) throw new NotFound('payment_question')
    const closed = await tx
      .update(paymentQuestions)
      .set({ closedAt: now, closedById: personId })
      .where(and(its, isNull(paymentQuestions.closedAt)))
      .returning({ id: paymentQuestions.id })
    if (closed.length === 0) return unchanged()
    audit({ details: { number: question.number } })
  },
)
