import { and, isNotNull, isNull, or, sql } from 'drizzle-orm'
import { automaticRenewals } from '@/db/schema/automatic-renewals'
import { asSystem, type SystemTx } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Difference } from '@/lib/payments/differences'
import { asking, type Stripe } from '@/lib/payments/stripe'
import { wouldAlign } from './align'
import { ownerOf, retrieve, stateOf } from './at-stripe'
import { syncSubscription } from './sync'

type OurRenewal = typeof automaticRenewals.$inferSelect

/** What began or ended here less than so long ago may not have reached the other side, in milliseconds. */
const underWay = 300_000

/**
 * Where Stripe and the portal do not say the same of what renews by itself. One is known by its ID whatever its age, and is
 * compared once both sides have had the time to hear of it.
 * @throws Unavailable where Stripe or the database does not serve us
 */
export async function differencesOfAutomatic(): Promise<Difference[]> {
  const theirs = await liveSubscriptions()
  const before = new Date(now().getTime() - underWay)
  const ours = await asSystem('compare payments with Stripe', (tx) => startedRenewals(tx, [...theirs.keys()]))
  const known = new Map(ours.map((row) => [row.stripeSubscriptionId, row]))
  const found: Difference[] = []
  const add = (kind: Difference['kind'], subject: string) => found.push({ kind, subject, checkoutId: null })
  for (const subscription of theirs.values()) {
    const row = known.get(subscription.id)
    const changedAt = row?.endedAt ?? row?.startedAt ?? new Date(subscription.created * 1_000)
    if (changedAt >= before) continue
    if (!row || row.endedAt) {
      if (await isStillWithoutOurs(subscription.id)) add('renews_without_ours', subscription.id)
    } else if (await chargesOtherwise(row, subscription)) add('charges_otherwise', subscription.id)
  }
  for (const { id, startedAt, endedAt, stripeSubscriptionId } of ours)
    if (!endedAt && startedAt && startedAt < before && !theirs.has(stripeSubscriptionId ?? ''))
      add('renews_without_theirs', id)
  return found
}

/** Asked once more, as an event would: an answer may have been lost, or come since, by which it is known here. */
async function isStillWithoutOurs(id: string): Promise<boolean> {
  const subscription = await retrieve(id)
  if (!subscription || stateOf(subscription) === 'ended') return false
  return !['started', 'live', 'failing', 'ended'].includes(await syncSubscription(id))
}

/** Asked once more, since it may have been moved after Stripe was asked. */
async function chargesOtherwise(row: OurRenewal, listed: Stripe.Subscription): Promise<boolean> {
  if (!(await wouldAlign(row, listed))) return false
  const subscription = await retrieve(listed.id)
  return subscription !== undefined && (await wouldAlign(row, subscription))
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

/**
 * Asked after Stripe was, so that what began meanwhile is known: those that Stripe may charge, and those that it has named.
 * @param ids of Stripe's subscriptions, as one parameter, since there may be more than Postgres takes
 */
function startedRenewals(tx: SystemTx, ids: readonly string[]): Promise<OurRenewal[]> {
  const isNamed = sql`${automaticRenewals.stripeSubscriptionId} = any(${sql.param(ids)}::text[])`
  return tx
    .select()
    .from(automaticRenewals)
    .where(and(isNotNull(automaticRenewals.startedAt), or(isNull(automaticRenewals.cancelledAt), isNamed)))
}
