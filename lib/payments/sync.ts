import { eq, or, sql } from 'drizzle-orm'
import { billingAccounts, checkouts } from '@/db/schema/payments'
import { asOrganization, asSystem } from '@/db/scope'
import type { By } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { askInvoice, type Told } from './ask-invoice'
import { settleCharge } from './automatic/charge'
import { nameCharge } from './automatic/name-charge'
import { syncCustomer, syncSubscription } from './automatic/sync'
import type { EventSubject } from './rules'
import { settleInvoice } from './settle-invoice'
import { asking, isMissing } from './stripe'
import { settleSession } from './sync-checkout'

/**
 * Brings what an event was about to where Stripe says that it is: a Checkout with its invoice, or the invoice that an object
 * belongs to.
 * @param reading as of `syncInvoice`
 * @returns what became of it, for the event's record
 * @throws Unavailable where Stripe does not serve us
 */
export async function syncSubject(about: EventSubject, id: string, reading?: number): Promise<string> {
  try {
    if (about === 'checkout') {
      const { outcome, invoiceId } = await settleSession(id)
      if (invoiceId) await syncInvoice(invoiceId, reading)
      return outcome
    }
    if (about === 'subscription') return await syncSubscription(id)
    if (about === 'customer') return await syncCustomer(id)
    const invoiceId = await invoiceOf(about, id)
    return invoiceId ? await syncInvoice(invoiceId, reading) : 'no_invoice'
  } catch (error) {
    // Of another account, or a made-up one: asked again it would be no other.
    if (isMissing(error)) return 'unknown_object'
    throw error
  }
}

/**
 * Asks Stripe for an invoice and all that came of it, and brings our mirror and what it has paid for there. Where it is paid
 * and its Checkout is not settled yet, that comes first.
 * @param drawn its place in the order in which Stripe is asked, drawn before; a new one where it is left out
 * @returns what became of it
 * @throws Unavailable where Stripe does not serve us
 */
export async function syncInvoice(invoiceId: string, drawn?: number): Promise<string> {
  const reading = drawn ?? (await drawReading())
  const told = await askInvoice(invoiceId)
  if (!told) return nameCharge(invoiceId)
  const { customerId, checkoutId, automatic, ...rest } = told
  // Of the days until the first charge, which cost nothing.
  if (automatic && rest.invoice.subtotal === 0) return 'of_nothing'
  const organizationId = customerId && (await organizationOf(customerId))
  if (!organizationId) return 'not_ours'
  if (checkoutId && rest.invoice.status === 'paid') await settleFirst(organizationId, checkoutId)
  const by: By = { actor: { kind: 'system' }, organizationId }
  if (automatic) {
    const lines = await linesOfCharge(by, told, automatic)
    return (await settleInvoice(by, { ...rest, lines, reading })).effect
  }
  return (await settleInvoice(by, { ...rest, reading })).effect
}

const drawReading = () =>
  asSystem('in which order Stripe is asked', async (tx) => {
    const { rows } = await tx.execute<{ reading: string }>(sql`select nextval('stripe_readings') as reading`)
    return Number(rows[0]?.reading)
  })

/** A customer is one organization's for good. */
const owners = new Map<string, string>()
const mostOwners = 10_000

async function organizationOf(customerId: string): Promise<string | undefined> {
  const known = owners.get(customerId)
  if (known) return known
  const found = await asSystem('whose customer an invoice is of', async (tx) => {
    const [account] = await tx
      .select({ organizationId: billingAccounts.organizationId })
      .from(billingAccounts)
      .where(
        or(
          eq(billingAccounts.customerId, customerId),
          sql`${customerId} = any(${billingAccounts.formerCustomerIds})`,
        ),
      )
    return account?.organizationId
  })
  if (owners.size === mostOwners) owners.clear()
  if (found) owners.set(customerId, found)
  return found
}

/** Its lines, named by the one of ours that it pays: by that a refund finds its term. */
async function linesOfCharge(
  by: By,
  { invoice, lines }: Told,
  { attempted, ...automatic }: NonNullable<Told['automatic']>,
) {
  try {
    const { lineId } = await settleCharge(by, { ...automatic, invoice, attempted })
    return lines.map((line) => (line.amount > 0 ? { ...line, checkoutLineId: lineId } : line))
  } catch (error) {
    if (error instanceof NotFound) return lines
    throw error
  }
}

/** The event of the Checkout itself may be late, or lost. */
async function settleFirst(organizationId: string, checkoutId: string) {
  const [checkout] = await asOrganization(organizationId, (tx) =>
    tx
      .select({ sessionId: checkouts.sessionId, ended: checkouts.ended })
      .from(checkouts)
      .where(eq(checkouts.id, checkoutId)),
  )
  if (checkout?.sessionId && checkout.ended !== 'paid') await settleSession(checkout.sessionId)
}

/** The invoice that something belongs to: by its credit, or by what has paid it. */
async function invoiceOf(
  about: Exclude<EventSubject, 'checkout' | 'subscription' | 'customer'>,
  id: string,
): Promise<string | null> {
  if (about === 'invoice') return id
  if (about === 'credit_note') {
    const { invoice } = await asking((stripe) => stripe.creditNotes.retrieve(id))
    return idOf(invoice)
  }
  const { payment_intent: intent } = await asking(
    (stripe): Promise<{ payment_intent: string | { id: string } | null }> => {
      if (about === 'charge') return stripe.charges.retrieve(id)
      return about === 'refund' ? stripe.refunds.retrieve(id) : stripe.disputes.retrieve(id)
    },
  )
  const paidBy = idOf(intent)
  if (!paidBy) return null
  const { data } = await asking((stripe) =>
    stripe.invoicePayments.list({ payment: { type: 'payment_intent', payment_intent: paidBy } }),
  )
  return idOf(data[0]?.invoice)
}

const idOf = (reference: string | { id: string } | null | undefined) =>
  typeof reference === 'string' ? reference : (reference?.id ?? null)
