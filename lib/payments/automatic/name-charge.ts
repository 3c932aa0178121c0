import { eq } from 'drizzle-orm'
import { prices } from '@/db/schema/payments'
import { people } from '@/db/schema/people'
import { asOrganization, type OrganizationTx } from '@/db/scope'
import { now } from '@/lib/clock'
import { timeZoneOf } from '@/lib/organizations/queries'
import { lineName } from '@/lib/payments/line-name'
import { listPayable } from '@/lib/payments/payable'
import { asking, type Stripe } from '@/lib/payments/stripe'
import { nextTerm } from '@/lib/subscriptions/rules'
import { ownerOf } from './at-stripe'
import { findAutomatic } from './queries'

/**
 * Names on the draft of an automatic renewal's invoice what it charges for, as a Checkout's invoice does: Stripe's own words
 * name the price alone. It is a draft for about an hour, and only as such can it be changed
 * (https://docs.stripe.com/api/invoices/update_line); what is missed costs nothing but the name. What Stripe says of the
 * line's period stays: it is the subscription's, which begins where ours does.
 * @returns what became of it, for the event's record
 * @throws Unavailable where Stripe does not serve us
 */
export async function nameCharge(invoiceId: string): Promise<'draft' | 'named'> {
  const invoice = await draftOf(invoiceId)
  // What somebody adds at Stripe's Dashboard to the customer's next invoice stands there too, and is named already.
  const line = invoice?.lines.data.find(
    ({ amount, parent }) => amount > 0 && parent?.type === 'subscription_item_details',
  )
  const { metadata, subscription } = invoice?.parent?.subscription_details ?? {}
  const owner = metadata && ownerOf({ metadata })
  if (!line || !owner || !subscription) return 'draft'
  const stripeId = typeof subscription === 'string' ? subscription : subscription.id
  const description = await asOrganization(owner.organizationId, (tx) => nameOf(tx, owner, stripeId))
  if (!description || line.description === description) return 'draft'
  try {
    await asking((stripe) => stripe.invoices.updateLineItem(invoiceId, line.id, { description }))
    return 'named'
  } catch (error) {
    // Final meanwhile, it says what it says.
    if (await draftOf(invoiceId)) throw error
    return 'draft'
  }
}

async function draftOf(invoiceId: string): Promise<Stripe.Invoice | undefined> {
  const invoice = await asking((stripe) => stripe.invoices.retrieve(invoiceId))
  return invoice.status === 'draft' ? invoice : undefined
}

/** @returns undefined where its metadata name none of the organization's: they may say anything */
async function nameOf(
  tx: OrganizationTx,
  { organizationId, id }: { organizationId: string; id: string },
  stripeSubscriptionId: string,
): Promise<string | undefined> {
  const row = await findAutomatic(tx, organizationId, id)
  if (row?.stripeSubscriptionId !== stripeSubscriptionId) return undefined
  const of = { subscriptionIds: [row.subscriptionId] }
  const { payable } = await listPayable(tx, organizationId, now(), of)
  const [one] = payable
  const [price] = await tx.select({ months: prices.months }).from(prices).where(eq(prices.id, row.priceId))
  if (!one || !price) return undefined
  const [payer] = row.begunById
    ? await tx.select({ language: people.language }).from(people).where(eq(people.id, row.begunById))
    : []
  const timeZone = await timeZoneOf(tx, organizationId)
  const span = nextTerm(one, price.months, one.overlapDays, timeZone, now())
  return lineName({ ...one, ...span }, payer?.language ?? 'en', timeZone)
}
