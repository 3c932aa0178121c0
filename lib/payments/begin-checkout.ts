import { and, asc, eq, inArray } from 'drizzle-orm'
import { z } from 'zod'
import { billingAccounts, checkoutLines, checkouts } from '@/db/schema/payments'
import { subscriptions } from '@/db/schema/subscriptions'
import type { OrganizationTx } from '@/db/scope'
import { command } from '@/lib/command'
import { Conflict, NotFound, Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { basketItem, type Purchase } from './buying/basket'
import { type Buyable, listBuyable } from './buying/buyable'
import { listPayable, type Payable } from './payable'
import { findCheckout } from './queries'

/** Stripe's most is 100 lines: https://docs.stripe.com/api/checkout/sessions/create */
export const mostLines = 50

const Chosen = z.object({
  productId: z.uuid('not_found'),
  /** Null for the whole organization. */
  instanceId: z.uuid('not_found').nullable(),
})

const BeginCheckout = z
  .object({
    /** Of which the next term is paid. */
    subscriptionIds: z.array(z.uuid('not_found')).default([]),
    /** What is bought anew. */
    purchases: z.array(Chosen).default([]),
    /** What the person was shown for all of it, in the smallest unit: what is charged is what was shown. */
    shown: z.number().int(),
    currency: z.string(),
  })
  .refine(({ subscriptionIds, purchases }) => subscriptionIds.length + purchases.length > 0, 'nothing_chosen')
  .refine(
    ({ subscriptionIds, purchases }) => subscriptionIds.length + purchases.length <= mostLines,
    'too_many_lines',
  )

/**
 * Reserves what somebody is about to pay together: renewals and purchases. Nothing is asked of Stripe here: see `openSession`.
 * @throws Conflict `being_paid` where somebody else pays one of them; Refused with the verdict of `mayPay` or `mayBuy`, or
 * `price_changed` where it costs something else than was shown; NotFound for what the organization has not.
 */
export const beginCheckout = command(
  'checkout.begin',
  BeginCheckout,
  async ({ tx, organizationId, personId, now, audit }, { subscriptionIds, purchases, shown, currency }) => {
    await tx
      .insert(billingAccounts)
      .values({ organizationId, currency, createdAt: now })
      .onConflictDoUpdate({ target: billingAccounts.organizationId, set: { currency } })
    // With the account's lock, of two at once the second sees what the first buys and what it pays in.
    const wanted = { subscriptionIds: [...new Set(subscriptionIds)], purchases, currency }
    const { payable, currency: owned } = await renewals(tx, organizationId, now, wanted)
    const buyable = await listBuyable(tx, organizationId, now, purchases, currency)
    if (buyable.length !== new Set(purchases.map(basketItem)).size) throw new NotFound('product')
    await refuseWhatIsBeingPaid(tx, organizationId, [...payable, ...buyable])
    const lines = [...payable.map(lineOf), ...buyable.map(lineToBuy)]
    const amount = lines.reduce((sum, line) => sum + line.amount, 0)
    if (amount !== shown || currency !== owned) throw new Refused('price_changed')
    const id = newId(now)
    await tx
      .insert(checkouts)
      .values({ id, organizationId, begunById: personId, begunAt: now, currency, amount })
    const reserved = await tx
      .insert(checkoutLines)
      .values(lines.map((line) => ({ id: newId(now), organizationId, checkoutId: id, ...line })))
      .onConflictDoNothing()
      .returning({ id: checkoutLines.id })
    if (reserved.length < lines.length) throw new Conflict('being_paid', { by: 'none' })
    const products = [...payable.map(named), ...buyable.map(named)].join(', ')
    audit({ details: { currency, amount, count: lines.length, products } })
    return { checkoutId: id }
  },
  { once: true },
)

/** @throws Conflict `being_paid`, which says who pays the first of them, `none` where that is not known, and in which Checkout */
async function refuseWhatIsBeingPaid(
  tx: OrganizationTx,
  organizationId: string,
  wanted: readonly Pick<Payable | Buyable, 'verdict'>[],
) {
  for (const { verdict } of wanted) {
    if (verdict.ok || verdict.because !== 'being_paid') continue
    const checkout = await findCheckout(tx, organizationId, verdict.checkoutId)
    throw new Conflict('being_paid', { by: checkout?.by ?? 'none', checkoutId: verdict.checkoutId })
  }
}

/** @throws NotFound where one is not the organization's */
async function renewals(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
  wanted: { subscriptionIds: string[]; purchases: Purchase[]; currency: string },
) {
  // In one order, so that two at once wait for one another and not in a circle.
  await tx
    .select({ id: subscriptions.id })
    .from(subscriptions)
    .where(
      and(
        eq(subscriptions.organizationId, organizationId),
        inArray(subscriptions.id, wanted.subscriptionIds),
      ),
    )
    .orderBy(asc(subscriptions.id))
    .for('update')
  const found = await listPayable(tx, organizationId, now, wanted)
  if (found.payable.length !== wanted.subscriptionIds.length) throw new NotFound('subscription')
  return found
}

const named = (one: Payable | Buyable) =>
  'shortId' in one
    ? `${one.product} (${one.shortId})`
    : [one.product, one.instance?.label].filter(Boolean).join(', ')

function lineOf({ verdict, subscriptionId, product, shortId, ...of }: Payable) {
  if (!verdict.ok) {
    const reason = verdict.because === 'revoked' ? verdict.reason : ''
    throw new Refused(verdict.because, { product, shortId, reason })
  }
  return { subscriptionId, ...termOf(of) }
}

function lineToBuy({ verdict, product, instance, ...of }: Buyable) {
  if (!verdict.ok) {
    const { ok: _, because, ...facts } = verdict
    throw new Refused(because, { product, instance: instance?.label ?? 'none', ...facts })
  }
  return { subscriptionId: null, ...termOf(of) }
}

function termOf(of: Pick<Buyable, 'productId' | 'instanceId' | 'price' | 'next'>) {
  const { productId, instanceId, price, next } = of
  // both are there where it may be paid
  if (!price || !next) throw new Error('what may be paid has a price')
  return {
    productId,
    instanceId,
    priceId: price.id,
    amount: price.amount,
    months: price.months,
    startsAt: next.startsAt,
    endsAt: next.endsAt,
  }
}
