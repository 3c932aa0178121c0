import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { automaticRenewals } from '@/db/schema/automatic-renewals'
import { billingAccounts } from '@/db/schema/payments'
import { command } from '@/lib/command'
import { NotFound, Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { lockAccount } from '@/lib/payments/lock-account'
import { listPayable } from '@/lib/payments/payable'
import { lockSubscription } from '@/lib/subscriptions/add-term'
import { openAutomatic } from './queries'

const BeginAutomatic = z.object({
  subscriptionId: z.uuid('not_found'),
  /** What the person was shown for each term, in the smallest unit: what is charged is what was shown. */
  shown: z.number().int(),
  currency: z.string(),
})

/**
 * Reserves that a subscription is to renew by itself. Nothing is asked of Stripe here: see `startAutomatic`. Who asks for what
 * somebody else has begun comes to the same.
 * @throws Refused with the verdict of `mayRenewByItself`, or `price_changed` where it costs something else than was shown.
 */
export const beginAutomatic = command(
  'automatic.begin',
  BeginAutomatic,
  async (
    { tx, organizationId, personId, now, audit, unchanged },
    { subscriptionId, shown, currency },
  ): Promise<{ renewalId: string }> => {
    await tx
      .insert(billingAccounts)
      .values({ organizationId, currency, createdAt: now })
      .onConflictDoNothing({ target: billingAccounts.organizationId })
    // Before the subscription, as whoever begins a Checkout does.
    await lockAccount(tx, organizationId)
    await lockSubscription(tx, organizationId, subscriptionId)
    const open = await openAutomatic(tx, organizationId, subscriptionId)
    if (open) {
      unchanged()
      return { renewalId: open.id }
    }
    const { currency: owned, payable } = await listPayable(tx, organizationId, now, {
      subscriptionIds: [subscriptionId],
      currency,
    })
    const [one] = payable
    if (!one) throw new NotFound('subscription')
    const { product, shortId, price, automaticVerdict: verdict } = one
    if (!verdict.ok) throw new Refused(`automatic_${verdict.because}`, { product, shortId })
    // There is one where it may be paid.
    if (!price || verdict.amount !== shown || currency !== owned) throw new Refused('price_changed')
    await tx
      .update(billingAccounts)
      .set({ currency })
      .where(eq(billingAccounts.organizationId, organizationId))
    const id = newId(now)
    const of = { id, organizationId, subscriptionId, priceId: price.id, amount: price.amount, currency }
    await tx.insert(automaticRenewals).values({ ...of, begunById: personId, begunAt: now })
    audit({ keyId: one.keyId, details: { product, shortId, currency, amount: price.amount } })
    return { renewalId: id }
  },
)
