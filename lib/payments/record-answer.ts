import { and, eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { billingAccounts, checkouts } from '@/db/schema/payments'
import { command } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { endCheckout, lockCheckout } from './settle-checkout'

const RecordCustomer = z.object({ customerId: z.string().startsWith('cus_') })

/** Keeps the customer that Stripe has made; of two at the same moment the first. */
export const recordCustomer = command(
  'billing.record_customer',
  RecordCustomer,
  async ({ tx, organizationId, unchanged }, { customerId }) => {
    // What Stripe calls it is noted, and is nobody's doing.
    unchanged()
    const own = eq(billingAccounts.organizationId, organizationId)
    const [account] = await tx.select().from(billingAccounts).where(own).for('update')
    if (!account) throw new NotFound('billing_account')
    if (account.customerId) return { customerId: account.customerId }
    await tx.update(billingAccounts).set({ customerId }).where(own)
    return { customerId }
  },
)

/** Forgets a customer that was deleted at Stripe: the next payment makes another. @returns whether it was the present one */
export const forgetCustomer = command(
  'billing.forget_customer',
  RecordCustomer,
  async ({ tx, organizationId, audit, unchanged }, { customerId }) => {
    const former = sql`array_append(${billingAccounts.formerCustomerIds}, ${customerId})`
    const forgotten = await tx
      .update(billingAccounts)
      .set({ customerId: null, formerCustomerIds: former })
      .where(
        and(eq(billingAccounts.organizationId, organizationId), eq(billingAccounts.customerId, customerId)),
      )
      .returning({ id: billingAccounts.organizationId })
    if (forgotten.length === 0) unchanged()
    else audit({})
    return { forgotten: forgotten.length > 0 }
  },
)

const RecordAnswer = z.object({
  checkoutId: z.uuid('not_found'),
  answer: z.union([
    // Seconds since 1970, as Stripe says it.
    z.object({ sessionId: z.string().startsWith('cs_'), url: z.url(), expiresAt: z.number().int() }),
    z.enum(['failed', 'refused']),
  ]),
})

/**
 * Keeps what Stripe has answered: where to pay; `failed`, so that it is asked under another idempotency key; or `refused`,
 * which ends the Checkout.
 */
export const recordAnswer = command(
  'checkout.record',
  RecordAnswer,
  async ({ tx, organizationId, now, audit, unchanged }, { checkoutId, answer }) => {
    const { attempt, currency, amount } = await lockCheckout(tx, organizationId, checkoutId)
    if (answer === 'refused') {
      await endCheckout(tx, organizationId, checkoutId, { ended: 'not_created', endedAt: now })
      return audit({ action: 'checkout.not_created', details: { currency, amount } })
    }
    unchanged()
    const kept =
      answer === 'failed'
        ? { attempt: attempt + 1 }
        : {
            sessionId: answer.sessionId,
            sessionUrl: answer.url,
            expiresAt: new Date(answer.expiresAt * 1_000),
          }
    await tx
      .update(checkouts)
      .set(kept)
      .where(and(eq(checkouts.organizationId, organizationId), eq(checkouts.id, checkoutId)))
  },
)
