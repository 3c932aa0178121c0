import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { automaticCharges } from '@/db/schema/automatic-renewals'
import { checkoutLines, checkouts, prices } from '@/db/schema/payments'
import { command, type Scope } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { enqueue } from '@/lib/jobs/enqueue'
import { productPaidFor } from '@/lib/keys/issue'
import { vatOf } from '@/lib/messages/sum-words'
import { timeZoneOf } from '@/lib/organizations/queries'
import { listPayable } from '@/lib/payments/payable'
import { lateAfter } from '@/lib/payments/rules'
import { endCheckout } from '@/lib/payments/settle-checkout'
import { InvoiceItself, keepInvoice } from '@/lib/payments/settle-invoice'
import { addTerm } from '@/lib/subscriptions/add-term'
import { nextTerm } from '@/lib/subscriptions/rules'
import { nameOf, recordEnd } from './end'
import { type AutomaticRow, changeAutomatic, lockAutomatic } from './queries'

const SettleCharge = z.object({
  renewalId: z.uuid('not_found'),
  stripeSubscriptionId: z.string(),
  invoice: InvoiceItself.extend({ id: z.string().startsWith('in_'), subtotal: z.number().int().min(1) }),
  /** Stripe has tried to charge it. */
  attempted: z.boolean(),
})

type Input = z.output<typeof SettleCharge>

/**
 * Brings an invoice of an automatic renewal to where Stripe says that it is. Once it is final it is a payment like one that
 * somebody began, so that nobody begins another beside it; paid, it brings one term and its key, however often that is told.
 * @returns the line of ours that the invoice's stands for, so that a refund finds its term
 * @throws NotFound where the organization has none such
 */
export const settleCharge = command(
  'automatic.charge',
  SettleCharge,
  async (scope, told): Promise<{ effect: string; lineId: string }> => {
    const { tx, organizationId, now, unchanged } = scope
    const row = await lockAutomatic(tx, organizationId, told.renewalId)
    // Another's metadata may say anything.
    if (row.stripeSubscriptionId !== told.stripeSubscriptionId) throw new NotFound('automatic_renewal')
    const { id: invoiceId, status } = told.invoice
    const charge = (await findCharge(scope, invoiceId)) ?? (await reserveCharge(scope, row, told))
    const { checkoutId, lineId, ended } = charge
    // What is not recorded below is nobody's doing.
    unchanged()
    if (ended === 'paid') return { effect: 'none', lineId }
    if (status === 'paid') {
      await issue(scope, row, charge, told)
      return { effect: 'paid', lineId }
    }
    if (status !== 'open') {
      if (!ended) await endCheckout(tx, organizationId, checkoutId, { ended: 'failed', endedAt: now })
      if (!row.endedAt) await recordEnd(scope, row, 'not_charged')
      return { effect: 'failed', lineId }
    }
    if (told.attempted && !charge.failedAt && !row.endedAt) await askMembers(scope, row, told)
    return { effect: told.attempted ? 'failing' : 'open', lineId }
  },
)

async function findCharge({ tx, organizationId }: Scope, invoiceId: string) {
  const [found] = await tx
    .select({
      checkoutId: checkouts.id,
      ended: checkouts.ended,
      completedAt: checkouts.completedAt,
      failedAt: automaticCharges.failedAt,
      lineId: checkoutLines.id,
    })
    .from(automaticCharges)
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
    .where(
      and(eq(automaticCharges.organizationId, organizationId), eq(automaticCharges.invoiceId, invoiceId)),
    )
  return found
}
type Charge = NonNullable<Awaited<ReturnType<typeof findCharge>>>

/** A payment that nobody began, which is on its way. Where somebody is paying the same by hand, it does not stand in the way. */
async function reserveCharge(scope: Scope, row: AutomaticRow, { invoice }: Input): Promise<Charge> {
  const { id: invoiceId, subtotal: amount } = invoice
  const { tx, organizationId, now } = scope
  const { subscriptionId, priceId, begunById, currency } = row
  const { payable } = await listPayable(tx, organizationId, now, { subscriptionIds: [subscriptionId] })
  const [one] = payable
  const [price] = await tx.select({ months: prices.months }).from(prices).where(eq(prices.id, priceId))
  if (!one || !price) throw new NotFound('term')
  const { months } = price
  const span = nextTerm(one, months, one.overlapDays, await timeZoneOf(tx, organizationId), now)
  const checkoutId = newId(now)
  await tx.insert(checkouts).values({
    ...{ id: checkoutId, organizationId, begunById, begunAt: now, completedAt: now, currency, amount },
  })
  const lineId = newId(now)
  await tx.insert(checkoutLines).values({
    ...{ id: lineId, organizationId, checkoutId, subscriptionId, priceId, amount, months },
    ...{ productId: one.productId, instanceId: one.instanceId },
    ...{ startsAt: span.startsAt, endsAt: span.endsAt },
    endedAt: (await isBeingPaid(scope, subscriptionId)) ? now : null,
  })
  await tx.insert(automaticCharges).values({ organizationId, invoiceId, renewalId: row.id, checkoutId })
  return { checkoutId, lineId, ended: null, completedAt: now, failedAt: null }
}

/** Whoever would begin now waits for the subscription's lock. */
async function isBeingPaid({ tx, organizationId }: Scope, subscriptionId: string): Promise<boolean> {
  const open = await tx
    .select({ id: checkoutLines.id })
    .from(checkoutLines)
    .where(
      and(
        eq(checkoutLines.organizationId, organizationId),
        eq(checkoutLines.subscriptionId, subscriptionId),
        isNull(checkoutLines.endedAt),
      ),
    )
  return open.length > 0
}

/** One term and its key, also where the automatic renewal has ended meanwhile: money that came is money that came. */
async function issue(scope: Scope, row: AutomaticRow, charge: Charge, { invoice }: Input) {
  const { id: invoiceId, paidAt } = invoice
  const { tx, organizationId, now, audit } = scope
  const { subscriptionId, currency } = row
  const { checkoutId, lineId } = charge
  const [line] = await tx
    .select()
    .from(checkoutLines)
    .where(and(eq(checkoutLines.organizationId, organizationId), eq(checkoutLines.id, lineId)))
  if (!line) throw new NotFound('checkout')
  const product = await productPaidFor(tx, line.productId)
  const { months, amount } = line
  const { termId, entry, revoked } = await addTerm(tx, {
    ...{ organizationId, product, months, paid: true, now, subscriptionId },
  })
  await tx
    .update(checkoutLines)
    .set({ termId })
    .where(and(eq(checkoutLines.organizationId, organizationId), eq(checkoutLines.id, lineId)))
  audit({ ...entry, action: 'subscription.renew' })
  if (revoked) audit({ ...revoked, action: 'key.revoke' })
  // Ended by whoever before, it is as a Checkout that was given up: staff are asked about the money.
  const before = charge.ended ?? (isPaidBefore(row, paidAt) ? 'on_its_way' : 'given_up')
  const late = lateAfter(before, revoked !== null)
  const ended = { ended: 'paid', endedAt: now, invoiceId, lateAfter: late } as const
  await endCheckout(tx, organizationId, checkoutId, ended)
  await changeAutomatic(tx, row, { failedAt: null })
  audit({ action: 'checkout.paid', details: { currency, amount, before } })
  await enqueue(tx, 'mail.keys_ready', { organizationId, checkoutId })
  if (late) await enqueue(tx, 'mail.paid_late', { organizationId, checkoutId })
}

/** Whether it was paid before it ended, of which we may have heard first. Stripe counts whole seconds. */
const isPaidBefore = ({ endedAt }: AutomaticRow, paidAt: Date | null) =>
  !endedAt || (paidAt !== null && paidAt.getTime() < Math.floor(endedAt.getTime() / 1_000) * 1_000)

/** Once per invoice, which is kept with it: the mail says what it asks for and where it is paid, and may go out at once. */
async function askMembers(scope: Scope, row: AutomaticRow, { invoice }: Input) {
  const { tx, organizationId, now, audit } = scope
  const { id: invoiceId, total, currency } = invoice
  await keepInvoice(scope, invoice)
  await tx
    .update(automaticCharges)
    .set({ failedAt: now })
    .where(
      and(eq(automaticCharges.organizationId, organizationId), eq(automaticCharges.invoiceId, invoiceId)),
    )
  await changeAutomatic(tx, row, { failedAt: row.failedAt ?? now })
  await enqueue(tx, 'mail.charge_failed', { organizationId, invoiceId })
  const { keyId, product, shortId } = await nameOf(tx, row)
  const details = { product, shortId, currency, amount: total, vat: vatOf(invoice) }
  audit({ action: 'automatic.charge', ...keyId, details })
}
