import { and, asc, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { checkoutLines, checkouts } from '@/db/schema/payments'
import type { OrganizationTx } from '@/db/scope'
import { command, type Scope } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { enqueue } from '@/lib/jobs/enqueue'
import { productPaidFor } from '@/lib/keys/issue'
import { addTerm, beginSubscription, lockSubscription, subscriptionAt } from '@/lib/subscriptions/add-term'
import { alignAfter } from '@/lib/subscriptions/align-after'
import { lockAccount } from './lock-account'
import { checkoutEffect, checkoutState, lateAfter } from './rules'

const SettleCheckout = z.object({
  checkoutId: z.uuid('not_found'),
  session: z.object({
    sessionId: z.string(),
    complete: z.boolean(),
    expired: z.boolean(),
    paid: z.boolean(),
    failed: z.boolean(),
    invoiceId: z.string().nullable(),
  }),
})

/**
 * Brings a Checkout to where Stripe says that it is, as often as it is told and in whatever order. Of what was paid each line
 * gets its term and its key, once: the line's own term says so, under the Checkout's lock.
 * @throws NotFound where the organization has no such Checkout
 */
export const settleCheckout = command(
  'checkout.settle',
  SettleCheckout,
  async (scope, { checkoutId, session }) => {
    const { tx, organizationId, now, audit, unchanged } = scope
    const checkout = await lockCheckout(tx, organizationId, checkoutId)
    // Another's metadata may say anything.
    if (checkout.sessionId && checkout.sessionId !== session.sessionId) throw new NotFound('checkout')
    const before = checkoutState(checkout)
    const effect = checkoutEffect(before, session)
    if (!effect) {
      unchanged()
      return { effect: 'none', issued: 0 }
    }
    if (effect === 'completed') {
      await tx.update(checkouts).set({ completedAt: now }).where(isCheckout(organizationId, checkoutId))
      await alignLines(scope, checkoutId)
      audit({
        action: 'checkout.complete',
        details: { currency: checkout.currency, amount: checkout.amount },
      })
      return { effect, issued: 0 }
    }
    const { issued, revoked } = effect === 'paid' ? await issueLines(scope, checkoutId) : nothing
    if (effect === 'failed') await alignLines(scope, checkoutId)
    const late = effect === 'paid' ? lateAfter(before, revoked > 0) : null
    await endCheckout(tx, organizationId, checkoutId, {
      ended: effect,
      endedAt: now,
      ...(effect === 'paid' && {
        completedAt: checkout.completedAt ?? now,
        invoiceId: session.invoiceId,
        lateAfter: late,
      }),
    })
    const details = { currency: checkout.currency, amount: checkout.amount, before }
    audit({ action: `checkout.${effect}`, details })
    if (effect === 'paid') await enqueue(tx, 'mail.keys_ready', { organizationId, checkoutId })
    if (effect === 'failed') await enqueue(tx, 'mail.payment_failed', { organizationId, checkoutId })
    if (late) await enqueue(tx, 'mail.paid_late', { organizationId, checkoutId })
    return { effect, issued }
  },
)

/** What renews by itself is charged once it is known whether this pays it. */
async function alignLines({ tx, organizationId }: Scope, checkoutId: string) {
  const lines = await tx
    .select({ subscriptionId: checkoutLines.subscriptionId })
    .from(checkoutLines)
    .where(and(eq(checkoutLines.organizationId, organizationId), eq(checkoutLines.checkoutId, checkoutId)))
    .orderBy(asc(checkoutLines.subscriptionId))
  for (const { subscriptionId } of lines)
    if (subscriptionId) await alignAfter(tx, organizationId, subscriptionId)
}

/** How many terms a payment has brought, and of how many the key is revoked, since that before was. */
const nothing = { issued: 0, revoked: 0 }

/** In the subscriptions' order, as whoever begins a Checkout locks them. */
async function issueLines({ tx, organizationId, now, audit }: Scope, checkoutId: string) {
  const brought = { ...nothing }
  for (const line of await linesToIssue(tx, organizationId, checkoutId)) {
    const { subscriptionId, instanceId } = line
    const product = await productPaidFor(tx, line.productId)
    const paid = { organizationId, product, months: line.months, paid: true, now } as const
    if (subscriptionId) await lockSubscription(tx, organizationId, subscriptionId)
    const { termId, entry, revoked } = subscriptionId
      ? await addTerm(tx, { ...paid, subscriptionId })
      : await beginSubscription(tx, { ...paid, instanceId })
    await tx
      .update(checkoutLines)
      .set({ termId })
      .where(and(eq(checkoutLines.organizationId, organizationId), eq(checkoutLines.id, line.id)))
    audit({ ...entry, action: subscriptionId ? 'subscription.renew' : 'subscription.start' })
    if (revoked) audit({ ...revoked, action: 'key.revoke' })
    brought.issued += 1
    brought.revoked += revoked ? 1 : 0
  }
  return brought
}

/**
 * The lines that have brought nothing yet. What was bought for a place that got it otherwise meanwhile, by another payment or
 * from an account manager, goes on from there: two terms that are paid follow one another.
 */
async function linesToIssue(tx: OrganizationTx, organizationId: string, checkoutId: string) {
  const lines = await tx
    .select()
    .from(checkoutLines)
    .where(
      and(
        eq(checkoutLines.organizationId, organizationId),
        eq(checkoutLines.checkoutId, checkoutId),
        isNull(checkoutLines.termId),
      ),
    )
    .orderBy(asc(checkoutLines.id))
  const isBought = lines.some(({ subscriptionId }) => !subscriptionId)
  if (isBought) await lockAccount(tx, organizationId)
  const resolved: typeof lines = []
  for (const line of lines) {
    const subscriptionId = line.subscriptionId ?? (await subscriptionAt(tx, line))
    resolved.push({ ...line, subscriptionId })
  }
  const key = ({ subscriptionId }: (typeof lines)[number]) => subscriptionId ?? ''
  return resolved.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
}

const isCheckout = (organizationId: string, id: string) =>
  and(eq(checkouts.organizationId, organizationId), eq(checkouts.id, id))

/** Locked until the commit: two events of one Checkout are worked on one after the other. */
export async function lockCheckout(tx: OrganizationTx, organizationId: string, id: string) {
  const [checkout] = await tx.select().from(checkouts).where(isCheckout(organizationId, id)).for('update')
  if (!checkout) throw new NotFound('checkout')
  return checkout
}

/** Ends it with its lines, which are then free to be paid again. */
export async function endCheckout(
  tx: OrganizationTx,
  organizationId: string,
  id: string,
  end: Partial<typeof checkouts.$inferInsert> & { endedAt: Date },
) {
  await tx.update(checkouts).set(end).where(isCheckout(organizationId, id))
  await tx
    .update(checkoutLines)
    .set({ endedAt: end.endedAt })
    .where(and(eq(checkoutLines.organizationId, organizationId), eq(checkoutLines.checkoutId, id)))
}
