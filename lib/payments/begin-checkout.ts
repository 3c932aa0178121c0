import { and, asc, eq, inArray } from 'drizzle-orm'
import { z } from 'zod'
import { billingAccounts, checkoutLines, checkouts } from '@/db/schema/payments'
import { subscriptions } from '@/db/schema/subscriptions'
import { command } from '@/lib/command'
import { Conflict, NotFound, Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { listPayable, type Payable } from './payable'

/** Stripe's most is 100 lines: https://docs.stripe.com/api/checkout/sessions/create */
export const mostLines = 50

const BeginCheckout = z.object({
  subscriptionIds: z.array(z.uuid('not_found')).min(1, 'nothing_chosen').max(mostLines, 'too_many_lines'),
  /** What the person was shown for all of it, in the smallest unit: what is charged is what was shown. */
  shown: z.number().int(),
  currency: z.string(),
})

/**
 * Reserves what somebody is about to pay together. Nothing is asked of Stripe here: see `openSession`.
 * @throws Conflict `being_paid` where somebody else pays one of them; Refused with the verdict of `mayPay`, or
 * `price_changed` where it costs something else than was shown.
 */
export const beginCheckout = command(
  'checkout.begin',
  BeginCheckout,
  async ({ tx, organizationId, personId, now, audit }, { subscriptionIds, shown, currency }) => {
    const wanted = [...new Set(subscriptionIds)]
    // In one order, so that two at once wait for one another and not in a circle.
    await tx
      .select({ id: subscriptions.id })
      .from(subscriptions)
      .where(and(eq(subscriptions.organizationId, organizationId), inArray(subscriptions.id, wanted)))
      .orderBy(asc(subscriptions.id))
      .for('update')
    const { currency: owned, payable } = await listPayable(tx, organizationId, now, {
      subscriptionIds: wanted,
    })
    if (payable.length !== wanted.length) throw new NotFound('subscription')
    const lines = payable.map(lineOf)
    const amount = lines.reduce((sum, line) => sum + line.amount, 0)
    if (amount !== shown || currency !== owned) throw new Refused('price_changed')
    await tx
      .insert(billingAccounts)
      .values({ organizationId, currency, createdAt: now })
      .onConflictDoNothing({ target: billingAccounts.organizationId })
    const id = newId(now)
    await tx
      .insert(checkouts)
      .values({ id, organizationId, begunById: personId, begunAt: now, currency, amount })
    const reserved = await tx
      .insert(checkoutLines)
      .values(lines.map((line) => ({ id: newId(now), organizationId, checkoutId: id, ...line })))
      .onConflictDoNothing()
      .returning({ id: checkoutLines.id })
    if (reserved.length < lines.length) throw new Conflict('being_paid')
    audit({ details: { currency, amount, count: lines.length, products: payable.map(named).join(', ') } })
    return { checkoutId: id }
  },
  { once: true },
)

const named = ({ product, shortId }: Payable) => `${product} (${shortId})`

function lineOf({ verdict, price, next, ...of }: Payable) {
  if (!verdict.ok && verdict.because === 'being_paid') throw new Conflict('being_paid')
  if (!verdict.ok) throw new Refused(verdict.because, { product: of.product, shortId: of.shortId })
  // both are there where it may be paid
  if (!price || !next) throw new Error('what may be paid has a price')
  return {
    subscriptionId: of.subscriptionId,
    productId: of.productId,
    instanceId: of.instanceId,
    priceId: price.id,
    amount: price.amount,
    months: price.months,
    startsAt: next.startsAt,
    endsAt: next.endsAt,
  }
}
