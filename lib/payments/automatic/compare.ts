import { and, isNotNull, isNull } from 'drizzle-orm'
import { automaticRenewals } from '@/db/schema/automatic-renewals'
import { asSystem, type SystemTx } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Difference } from '@/lib/payments/differences'
import { asking, type Stripe } from '@/lib/payments/stripe'
import { wouldAlign } from './align'
import { ownerOf, stateOf } from './at-stripe'

type OurRenewal = typeof automaticRenewals.$inferSelect

/**
 * Where Stripe and the portal do not say the same of what renews by itself.
 * @throws Unavailable where Stripe or the database does not serve us
 */
export async function differencesOfAutomatic(): Promise<Difference[]> {
  const theirs = await liveSubscriptions()
  const ours = await asSystem('compare payments with Stripe', startedRenewals)
  const known = new Map(ours.map((row) => [row.stripeSubscriptionId, row]))
  const found: Difference[] = []
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
