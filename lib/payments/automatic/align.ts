import { and, desc, eq, isNotNull, isNull } from 'drizzle-orm'
import { checkoutLines, checkouts } from '@/db/schema/payments'
import { termRefunds, terms } from '@/db/schema/subscriptions'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Jobs } from '@/lib/jobs/jobs'
import { listPayable } from '@/lib/payments/payable'
import { asking, type Stripe } from '@/lib/payments/stripe'
import { syncInvoice } from '@/lib/payments/sync'
import {
  bySystem,
  chargingOf,
  lastPaidOf,
  nextChargeOf,
  retrieve,
  settleAs,
  stateOf,
  voidInvoice,
} from './at-stripe'
import { endAutomatic } from './end'
import { type AutomaticRow, openAutomatic } from './queries'
import { type AlignFacts, type AlignVerdict, alignment } from './rules'

/**
 * The job `align_automatic`: brings the next charge of what renews by itself to the end of what is paid, whatever has changed
 * that: a renewal by hand, a refund, a dispute. Done twice, it is done once.
 * @returns what was done
 * @throws Unavailable where Stripe does not serve us: the job is tried again
 */
export async function alignAutomatic({
  organizationId,
  subscriptionId,
}: Jobs['align_automatic']): Promise<string> {
  const look = () => asOrganization(organizationId, (tx) => factsOf(tx, organizationId, subscriptionId))
  let { row, facts } = await look()
  if (!row?.stripeSubscriptionId || !facts) return 'none'
  const subscription = await retrieve(row.stripeSubscriptionId)
  if (!subscription) {
    await endAutomatic(bySystem(organizationId), { renewalId: row.id, because: 'at_stripe' })
    return 'missing'
  }
  const paid = lastPaidOf(subscription)
  if (paid && verdictOf(facts, subscription).do !== 'nothing') {
    // What Stripe has charged we may not have heard of yet: it would end as not charged.
    await syncInvoice(paid)
    ;({ row, facts } = await look())
    if (!row || !facts) return 'none'
  }
  const verdict = verdictOf(facts, subscription)
  const state = stateOf(subscription)
  if (state === 'ended' || state === 'paused' || verdict.do === 'nothing') return settleAs(row, subscription)
  if (verdict.do === 'end') {
    await endAutomatic(bySystem(organizationId), { renewalId: row.id, because: verdict.because })
    return verdict.because
  }
  // Paid otherwise meanwhile.
  const invoice = chargingOf(subscription)
  if (invoice && verdict.void) await voidInvoice(invoice)
  await settleAs(row, await move(subscription.id, verdict.to))
  return 'moved'
}

function verdictOf(ours: Ours, subscription: Stripe.Subscription): AlignVerdict {
  const charging = chargingOf(subscription) && { from: periodStart(subscription) }
  return alignment({ ...ours, chargesAt: nextChargeOf(subscription), charging }, now())
}

/** Whether its next charge lies elsewhere than it should. */
export async function wouldAlign(
  { organizationId, subscriptionId }: Pick<AutomaticRow, 'organizationId' | 'subscriptionId'>,
  subscription: Stripe.Subscription,
): Promise<boolean> {
  const { facts } = await asOrganization(organizationId, (tx) => factsOf(tx, organizationId, subscriptionId))
  return facts !== undefined && verdictOf(facts, subscription).do !== 'nothing'
}

/**
 * Nothing is made by this, and what is set is set however often: under an idempotency key what is moved there and back
 * within a day would stay. https://docs.stripe.com/api/subscriptions/update#update_subscription-trial_end
 */
const move = (id: string, to: Date) =>
  asking((stripe) =>
    stripe.subscriptions.update(id, { trial_end: to.getTime() / 1_000, proration_behavior: 'none' }),
  )

const periodStart = ({ items }: Stripe.Subscription) =>
  new Date((items.data[0]?.current_period_start ?? 0) * 1_000)

type Ours = Omit<AlignFacts, 'chargesAt' | 'charging'>

async function factsOf(tx: OrganizationTx, organizationId: string, subscriptionId: string) {
  const row = await openAutomatic(tx, organizationId, subscriptionId)
  const { payable } = await listPayable(tx, organizationId, now(), { subscriptionIds: [subscriptionId] })
  const [one] = payable
  if (!row || !one) return { row: undefined, facts: undefined }
  const [last] = await tx
    .select({ refundedAt: terms.refundedAt, reason: termRefunds.reason })
    .from(terms)
    .leftJoin(
      termRefunds,
      and(
        eq(termRefunds.organizationId, terms.organizationId),
        eq(termRefunds.termId, terms.id),
        isNull(termRefunds.restoredAt),
      ),
    )
    .where(and(eq(terms.organizationId, organizationId), eq(terms.subscriptionId, subscriptionId)))
    // Also where one before it counts still.
    .orderBy(desc(terms.ordinal))
    .limit(1)
  const because = one.automaticVerdict.ok ? null : one.automaticVerdict.because
  const facts: Ours = {
    withdrawn: because === 'withdrawn',
    retired: because === 'retired',
    revoked: because === 'revoked',
    disputed: last?.reason === 'disputed' && last.refundedAt !== null && last.refundedAt >= row.begunAt,
    termEndsAt: one.termEndsAt,
    refunded: Boolean(last?.refundedAt),
    onItsWayUntil: await onItsWayUntil(tx, organizationId, subscriptionId),
  }
  return { row, facts }
}

/** By hand: a charge of its own does not move itself. */
async function onItsWayUntil(tx: OrganizationTx, organizationId: string, subscriptionId: string) {
  const [line] = await tx
    .select({ endsAt: checkoutLines.endsAt })
    .from(checkoutLines)
    .innerJoin(
      checkouts,
      and(
        eq(checkouts.organizationId, checkoutLines.organizationId),
        eq(checkouts.id, checkoutLines.checkoutId),
      ),
    )
    .where(
      and(
        eq(checkoutLines.organizationId, organizationId),
        eq(checkoutLines.subscriptionId, subscriptionId),
        isNull(checkoutLines.endedAt),
        isNotNull(checkouts.completedAt),
        isNotNull(checkouts.sessionId),
      ),
    )
  return line?.endsAt ?? null
}
