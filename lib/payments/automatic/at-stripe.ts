import type { By } from '@/lib/command'
import { isId } from '@/lib/ids'
import { asking, isMissing, type Stripe } from '@/lib/payments/stripe'
import type { AutomaticRow } from './queries'
import { settleAutomatic } from './settle'

export const bySystem = (organizationId: string): By => ({ actor: { kind: 'system' }, organizationId })

type State = 'live' | 'failing' | 'paused' | 'ended'

/** https://docs.stripe.com/api/subscriptions/object#subscription_object-status */
const states: Readonly<Record<string, State>> = {
  trialing: 'live',
  active: 'live',
  incomplete: 'failing',
  past_due: 'failing',
  unpaid: 'failing',
  paused: 'paused',
  incomplete_expired: 'ended',
  canceled: 'ended',
}

/**
 * One of which Stripe collects nothing is paused, whatever its status goes on saying, and of which no event of its own tells:
 * https://docs.stripe.com/billing/subscriptions/pause-payment
 */
export function stateOf({ status, pause_collection: paused }: Stripe.Subscription): State {
  const state = states[status] ?? 'live'
  return paused && state !== 'ended' ? 'paused' : state
}

/** When it charges next: its first period ends with the trial. */
export function nextChargeOf({ items, trial_end }: Stripe.Subscription): Date {
  const end = items.data[0]?.current_period_end ?? trial_end ?? 0
  return new Date(end * 1_000)
}

const factsOf = (subscription: Stripe.Subscription) => ({
  stripeSubscriptionId: subscription.id,
  state: stateOf(subscription),
  because: whyEnded(subscription),
  chargesAt: nextChargeOf(subscription),
})

/** Where it has ended. A customer who is deleted takes it along, and of the two events either may come first. */
function whyEnded({
  customer,
  cancellation_details,
}: Stripe.Subscription): 'customer_deleted' | 'payment_failed' | 'at_stripe' {
  if (typeof customer === 'object' && customer.deleted) return 'customer_deleted'
  return cancellation_details?.reason === 'payment_failed' ? 'payment_failed' : 'at_stripe'
}

/** Brings ours to where Stripe has just said that its subscription is. @returns what became of it */
export async function settleAs(
  { organizationId, id }: Pick<AutomaticRow, 'organizationId' | 'id'>,
  subscription: Stripe.Subscription,
): Promise<string> {
  const told = factsOf(subscription)
  return (await settleAutomatic(bySystem(organizationId), { renewalId: id, told })).effect
}

/** Whose it is, as its metadata say; null where it is none of ours. */
export function ownerOf({ metadata }: Pick<Stripe.Subscription, 'metadata'>) {
  const { organization, renewal } = metadata
  return isId(organization) && isId(renewal) ? { organizationId: organization, id: renewal } : null
}

/** Also where the answer was lost in which Stripe named it. @returns undefined where there is none */
export async function findSubscription(
  row: Pick<AutomaticRow, 'id' | 'stripeSubscriptionId'>,
  customer: string | null,
): Promise<Stripe.Subscription | undefined> {
  const { stripeSubscriptionId } = row
  if (stripeSubscriptionId) return retrieve(stripeSubscriptionId)
  if (!customer) return undefined
  const all = await asking((stripe) =>
    stripe.subscriptions.list({ customer, status: 'all', limit: 100 }).autoPagingToArray({ limit: 1_000 }),
  )
  return all.find(({ metadata }) => metadata.renewal === row.id)
}

/** @returns undefined where Stripe has none such, for this key */
export async function retrieve(id: string): Promise<Stripe.Subscription | undefined> {
  try {
    return await asking((stripe) =>
      stripe.subscriptions.retrieve(id, { expand: ['latest_invoice', 'customer'] }),
    )
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** The invoice that Stripe is charging, or is about to; null where its last one is settled, or of nothing. */
export function chargingOf({ latest_invoice: invoice }: Stripe.Subscription): Stripe.Invoice | null {
  if (!invoice || typeof invoice === 'string') return null
  return (invoice.status === 'draft' || invoice.status === 'open') && invoice.subtotal > 0 ? invoice : null
}

/** The ID of the last invoice where that is paid. */
export function lastPaidOf({ latest_invoice: invoice }: Stripe.Subscription): string | null {
  if (!invoice || typeof invoice === 'string') return null
  return invoice.status === 'paid' && invoice.subtotal > 0 ? (invoice.id ?? null) : null
}

/** So that nobody pays it any more. What is being paid at this moment stays, and brings its term. */
export async function voidInvoice({ id, status }: Stripe.Invoice): Promise<void> {
  if (!id) return
  if (status === 'draft')
    await asking((stripe) => stripe.invoices.finalizeInvoice(id, { auto_advance: false }))
  await asking((stripe) => stripe.invoices.voidInvoice(id))
}
