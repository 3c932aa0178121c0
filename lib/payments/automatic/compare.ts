import { and, eq, gt, gte, isNotNull, isNull, sql } from 'drizzle-orm'
import { automaticCharges, automaticRenewals } from '@/db/schema/automatic-renewals'
import { checkoutLines, checkouts } from '@/db/schema/payments'
import { terms } from '@/db/schema/subscriptions'
import { asSystem, type SystemTx } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Difference } from '@/lib/payments/differences'
import { asking, type Stripe } from '@/lib/payments/stripe'
import { wouldAlign } from './align'
import { ownerOf, stateOf } from './at-stripe'

type OurRenewal = typeof automaticRenewals.$inferSelect

/**
 * Where Stripe and the portal do not say the same of what renews by itself, and what was paid that nobody may have wanted.
 * @param since what was paid after the end, or twice, before then is listed no more
 * @throws Unavailable where Stripe or the database does not serve us
 */
export async function differencesOfAutomatic(since: Date): Promise<Difference[]> {
  const theirs = await liveSubscriptions()
  const { ours, paid } = await asSystem('compare payments with Stripe', async (tx) => ({
    ours: await startedRenewals(tx),
    paid: await paidUnasked(tx, since),
  }))
  const known = new Map(ours.map((row) => [row.stripeSubscriptionId, row]))
  const found = [...paid]
  const add = (kind: Difference['kind'], subject: string) => found.push({ kind, subject, checkoutId: null })
  for (const subscription of theirs.values()) {
    const row = known.get(subscription.id)
    if (!row || row.endedAt) add('renews_without_ours', subscription.id)
    else if (await wouldAlign(row, subscription)) add('charges_otherwise', subscription.id)
  }
  for (const { id, endedAt, stripeSubscriptionId } of ours)
    if (!endedAt && !theirs.has(stripeSubscriptionId ?? '')) add('renews_without_theirs', id)
  return found
}

/** Those that charge, or will. */
async function liveSubscriptions(): Promise<Map<string, Stripe.Subscription>> {
  const found = new Map<string, Stripe.Subscription>()
  await asking((stripe) =>
    stripe.subscriptions
      .list({ limit: 100, expand: ['data.latest_invoice'] })
      .autoPagingEach((subscription) => {
        if (ownerOf(subscription) && stateOf(subscription) !== 'ended')
          found.set(subscription.id, subscription)
      }),
  )
  return found
}

/** Asked after Stripe was, so that what began meanwhile is known. */
async function startedRenewals(tx: SystemTx): Promise<OurRenewal[]> {
  const minutesAgo = new Date(now().getTime() - 300_000)
  const rows = await tx
    .select()
    .from(automaticRenewals)
    .where(and(isNotNull(automaticRenewals.startedAt), isNull(automaticRenewals.cancelledAt)))
  // One that began after Stripe was asked differs in passing.
  return rows.filter(({ startedAt }) => startedAt && startedAt < minutesAgo)
}

async function paidUnasked(tx: SystemTx, since: Date): Promise<Difference[]> {
  const rows = await tx
    .select({
      invoiceId: automaticCharges.invoiceId,
      checkoutId: automaticCharges.checkoutId,
      afterEnd: sql<boolean>`coalesce(${automaticRenewals.endedAt} <= ${checkouts.endedAt}, false)`,
      twice: gt(terms.startsAt, sql`${checkouts.begunAt} + interval '30 days'`).mapWith(Boolean),
    })
    .from(automaticCharges)
    .innerJoin(
      automaticRenewals,
      and(
        eq(automaticRenewals.organizationId, automaticCharges.organizationId),
        eq(automaticRenewals.id, automaticCharges.renewalId),
      ),
    )
    .innerJoin(
      checkouts,
      and(
        eq(checkouts.organizationId, automaticCharges.organizationId),
        eq(checkouts.id, automaticCharges.checkoutId),
      ),
    )
    .innerJoin(
      checkoutLines,
      and(
        eq(checkoutLines.organizationId, checkouts.organizationId),
        eq(checkoutLines.checkoutId, checkouts.id),
      ),
    )
    .innerJoin(
      terms,
      and(eq(terms.organizationId, checkoutLines.organizationId), eq(terms.id, checkoutLines.termId)),
    )
    .where(and(eq(checkouts.ended, 'paid'), gte(checkouts.endedAt, since), isNull(terms.refundedAt)))
  return rows.flatMap(({ invoiceId, checkoutId, afterEnd, twice }) => {
    const of = { subject: invoiceId, checkoutId }
    return [
      ...(afterEnd ? [{ kind: 'paid_after_end' as const, ...of }] : []),
      ...(twice ? [{ kind: 'paid_twice' as const, ...of }] : []),
    ]
  })
}
