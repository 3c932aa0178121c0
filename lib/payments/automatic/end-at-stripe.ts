import { eq } from 'drizzle-orm'
import { billingAccounts } from '@/db/schema/payments'
import { asOrganization } from '@/db/scope'
import type { Jobs } from '@/lib/jobs/jobs'
import { asking, isMissing, type Stripe } from '@/lib/payments/stripe'
import { bySystem, chargingOf, findSubscription, retrieve, settleAs, stateOf, voidInvoice } from './at-stripe'
import { findAutomatic } from './queries'
import { settleAutomatic } from './settle'

/**
 * The job `end_automatic`: sees to it that Stripe charges nothing any more for what has ended here: its subscription is
 * cancelled, the invoice that it was charging void, and the page closed on which a card would be given.
 * @throws Unavailable where Stripe does not serve us: the job is tried again
 */
export async function endAtStripe({
  organizationId,
  renewalId,
  stripeSubscriptionId,
}: Jobs['end_automatic']) {
  const { row, customer } = await asOrganization(organizationId, async (tx) => {
    const own = eq(billingAccounts.organizationId, organizationId)
    const [account] = await tx.select().from(billingAccounts).where(own)
    return { row: await findAutomatic(tx, organizationId, renewalId), customer: account?.customerId ?? null }
  })
  if (!row) return
  if (row.sessionId && !row.startedAt) await closeSession(row.sessionId)
  const subscription = stripeSubscriptionId
    ? await retrieve(stripeSubscriptionId)
    : await findSubscription(row, customer)
  if (!subscription) {
    await settleAutomatic(bySystem(organizationId), { renewalId, told: null })
    return
  }
  const ended = stateOf(subscription) === 'ended' ? subscription : await cancel(subscription)
  // Cancelled, it leaves an invoice behind that can still be paid: https://docs.stripe.com/billing/subscriptions/cancel
  const invoice = chargingOf(subscription)
  if (invoice) await voidInvoice(invoice).catch(ignoreUnlessAway)
  await settleAs(row, ended)
}

const cancel = ({ id }: Stripe.Subscription) =>
  asking((stripe) => stripe.subscriptions.cancel(id, {}, { idempotencyKey: `cancel-${id}` }))

async function closeSession(id: string) {
  const session = await asking((stripe) => stripe.checkout.sessions.retrieve(id)).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (session?.status === 'open') await asking((stripe) => stripe.checkout.sessions.expire(id))
}

/** It is being paid at this moment, or was: then it brings its term. */
function ignoreUnlessAway(error: unknown) {
  if (!isRefusal(error)) throw error
}
const isRefusal = (error: unknown) =>
  error instanceof Error && 'type' in error && error.type === 'StripeInvalidRequestError'
