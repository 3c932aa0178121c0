import { and, eq, isNull } from 'drizzle-orm'
import { automaticRenewals } from '@/db/schema/automatic-renewals'
import { billingAccounts } from '@/db/schema/payments'
import { asOrganization, asSystem } from '@/db/scope'
import { NotFound, Refused } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { forgetCustomer } from '@/lib/payments/record-answer'
import { asking, type Stripe } from '@/lib/payments/stripe'
import { bySystem, ownerOf, settleAs } from './at-stripe'
import { endAutomatic } from './end'
import { startAutomatic } from './start'

/**
 * Asks Stripe how a subscription stands, and brings ours there.
 * @returns what became of it, for the event's record
 * @throws Unavailable where Stripe does not serve us
 */
export async function syncSubscription(id: string): Promise<string> {
  const subscription = await asking((stripe) => stripe.subscriptions.retrieve(id, { expand: ['customer'] }))
  const owner = ownerOf(subscription)
  return owner ? unlessUnknown(() => settleAs(owner, subscription)) : 'not_ours'
}

/**
 * Goes on from the page on which somebody gave a means of payment: it becomes the customer's own, so that what is changed in
 * Stripe's customer portal holds for the next charge, and the automatic renewal is switched on.
 * @throws Unavailable where Stripe does not serve us
 */
export async function settleSetup(session: Stripe.Checkout.Session): Promise<string> {
  const { organization, renewal } = session.metadata ?? {}
  if (!isId(organization) || !isId(renewal)) return 'not_ours'
  return unlessUnknown(async () => {
    if (session.status === 'expired') {
      await endUnstarted(organization, renewal)
      return 'expired'
    }
    const { customer, setup_intent: asked } = session
    if (session.status !== 'complete' || !asked || !customer) return 'none'
    const intent = await asking((stripe) => stripe.setupIntents.retrieve(idOf(asked)))
    if (intent.status !== 'succeeded' || !intent.payment_method) return 'none'
    const method = idOf(intent.payment_method)
    await asking((stripe) =>
      stripe.customers.update(idOf(customer), { invoice_settings: { default_payment_method: method } }),
    )
    await startAutomatic(organization, renewal)
    return 'started'
  })
}

async function endUnstarted(organizationId: string, renewalId: string) {
  const [row] = await asOrganization(organizationId, (tx) =>
    tx
      .select({ startedAt: automaticRenewals.startedAt })
      .from(automaticRenewals)
      .where(and(eq(automaticRenewals.organizationId, organizationId), eq(automaticRenewals.id, renewalId))),
  )
  if (!row?.startedAt) await endAutomatic(bySystem(organizationId), { renewalId, because: 'not_set_up' })
}

/**
 * Asks Stripe for a customer. One that was deleted has taken its subscriptions with it: what renewed by itself has ended, and
 * the next payment makes another customer. Of one that is there nothing is kept here but its ID.
 */
export async function syncCustomer(id: string): Promise<string> {
  const customer = await asking((stripe) => stripe.customers.retrieve(id))
  if (!customer.deleted) return 'none'
  const organizationId = await asSystem('whose customer was deleted', async (tx) => {
    const [account] = await tx
      .select({ organizationId: billingAccounts.organizationId })
      .from(billingAccounts)
      .where(eq(billingAccounts.customerId, id))
    return account?.organizationId
  })
  if (!organizationId) return 'not_ours'
  const open = await asOrganization(organizationId, (tx) =>
    tx
      .select({ id: automaticRenewals.id })
      .from(automaticRenewals)
      .where(and(eq(automaticRenewals.organizationId, organizationId), isNull(automaticRenewals.endedAt))),
  )
  for (const one of open)
    await endAutomatic(bySystem(organizationId), { renewalId: one.id, because: 'customer_deleted' })
  await forgetCustomer(bySystem(organizationId), { customerId: id })
  return 'forgotten'
}

/** Metadata may say anything, and what has ended begins no more. */
async function unlessUnknown(work: () => Promise<string>): Promise<string> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof NotFound) return 'not_ours'
    if (error instanceof Refused) return error.code
    throw error
  }
}

const idOf = (reference: string | { id: string }) =>
  typeof reference === 'string' ? reference : reference.id
