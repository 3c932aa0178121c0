import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { automaticCharges } from '@/db/schema/automatic-renewals'
import { products } from '@/db/schema/catalog'
import { instances } from '@/db/schema/instances'
import { invoices } from '@/db/schema/invoices'
import { keys } from '@/db/schema/keys'
import { billingAccounts, checkoutLines, checkouts, prices } from '@/db/schema/payments'
import { people } from '@/db/schema/people'
import { terms } from '@/db/schema/subscriptions'
import type { OrganizationTx } from '@/db/scope'
import type { Invoiced } from '@/lib/messages/sum-words'
import { isLastTerm } from './payable'
import { type CheckoutState, checkoutState } from './rules'

export interface CheckoutRow {
  id: string
  state: CheckoutState
  begunAt: Date
  /** The name or address of who began it; null where that was nobody. */
  by: string | null
  currency: string
  amount: number
  /** What was really charged, with tax, once its invoice is there. */
  charged: number | null
  /** Of that. */
  tax: number | null
  /** Of that it has gone back, or is credited. */
  refunded: number | null
  reverseCharge: boolean | null
  sessionUrl: string | null
  expiresAt: Date | null
  /** Of an automatic renewal, which nobody began: whether charging it has failed; of its invoice, once it is known, Stripe's page and what it asks for. */
  charge: { failedAt: Date | null; payUrl: string | null; invoiced: Invoiced | null } | null
  lines: CheckoutLineRow[]
}

export interface CheckoutLineRow {
  id: string
  /** Null where it is bought anew. */
  subscriptionId: string | null
  productId: string
  product: string
  instanceId: string | null
  instance: string | null
  /** The instance is no longer in use. */
  retired: boolean
  amount: number
  taxBehavior: 'inclusive' | 'exclusive'
  /** Of the term that it has brought; until then, as it was shown. */
  startsAt: Date
  endsAt: Date
  /** Once it is paid. */
  newKey: {
    id: string
    shortId: string
    firstSeenAt: Date | null
    expiresAt: Date | null
    /** Its term is paid no longer. */
    refundedAt: Date | null
  } | null
  /** Why the new key works no longer, where it was revoked or its money went back: a reason of DESIGN §2, rule 9. */
  gone: string | null
  /** The key that the new one takes over from. */
  oldKey: { id: string; shortId: string; expiresAt: Date | null } | null
  oldRevoked: boolean
  /** The key of the subscription's last term; null where it is bought anew. */
  lastKey: { shortId: string; expiresAt: Date | null } | null
  /** Why that one was revoked. */
  lastRevokedFor: string | null
}

const oldKeys = alias(keys, 'old_keys')
const lastKeys = alias(keys, 'last_keys')
const charged = alias(invoices, 'charged')
const paidTerms = alias(terms, 'paid_terms')

/** Checkouts that are open, or on their way, the oldest first; at most fifty. */
export async function openCheckouts(tx: OrganizationTx, organizationId: string): Promise<CheckoutRow[]> {
  const found = await checkoutRows(tx)
    .where(and(eq(checkouts.organizationId, organizationId), isNull(checkouts.endedAt)))
    .orderBy(asc(checkouts.id))
    .limit(50)
  return Promise.all(found.map((row) => withLines(tx, organizationId, row)))
}

/** @returns undefined where the organization has none such */
export async function findCheckout(
  tx: OrganizationTx,
  organizationId: string,
  id: string,
): Promise<CheckoutRow | undefined> {
  const [found] = await checkoutRows(tx).where(
    and(eq(checkouts.organizationId, organizationId), eq(checkouts.id, id)),
  )
  return found && withLines(tx, organizationId, found)
}

/** Whether Stripe knows the organization: it does from its first payment on. */
export async function hasCustomer(tx: OrganizationTx, organizationId: string): Promise<boolean> {
  const [account] = await tx
    .select({ customerId: billingAccounts.customerId })
    .from(billingAccounts)
    .where(eq(billingAccounts.organizationId, organizationId))
  return Boolean(account?.customerId)
}

const checkoutRows = (tx: OrganizationTx) =>
  tx
    .select({
      id: checkouts.id,
      begunAt: checkouts.begunAt,
      by: sql<string | null>`coalesce(nullif(${people.name}, ''), ${people.email})`,
      currency: checkouts.currency,
      amount: checkouts.amount,
      charged: sql<number | null>`${invoices.amountPaid}`.mapWith(invoices.amountPaid),
      tax: sql<number | null>`${invoices.tax}`.mapWith(invoices.tax),
      refunded: sql<number | null>`${invoices.refunded}`.mapWith(invoices.refunded),
      reverseCharge: sql<boolean | null>`${invoices.reverseCharge}`,
      sessionUrl: checkouts.sessionUrl,
      expiresAt: checkouts.expiresAt,
      completedAt: checkouts.completedAt,
      ended: checkouts.ended,
      chargeOf: automaticCharges.renewalId,
      failedAt: automaticCharges.failedAt,
      payUrl: charged.hostedUrl,
      invoiced: { total: charged.total, tax: charged.tax, reverseCharge: charged.reverseCharge },
    })
    .from(checkouts)
    .leftJoin(people, eq(people.id, checkouts.begunById))
    .leftJoin(
      invoices,
      and(eq(invoices.organizationId, checkouts.organizationId), eq(invoices.id, checkouts.invoiceId)),
    )
    .leftJoin(
      automaticCharges,
      and(
        eq(automaticCharges.organizationId, checkouts.organizationId),
        eq(automaticCharges.checkoutId, checkouts.id),
      ),
    )
    .leftJoin(
      charged,
      and(
        eq(charged.organizationId, automaticCharges.organizationId),
        eq(charged.id, automaticCharges.invoiceId),
        eq(charged.status, 'open'),
      ),
    )
    .$dynamic()

type Found = Awaited<ReturnType<typeof checkoutRows>>[number]

async function withLines(
  tx: OrganizationTx,
  organizationId: string,
  { completedAt, ended, chargeOf, failedAt, payUrl, invoiced, ...row }: Found,
): Promise<CheckoutRow> {
  const lines = await linesOf(tx, organizationId, row.id)
  const charge = chargeOf ? { failedAt, payUrl, invoiced } : null
  return { ...row, state: checkoutState({ completedAt, ended }), charge, lines }
}

const revokedFor = (of: typeof keys | typeof oldKeys | typeof lastKeys) => sql<
  string | null
>`(select r.reason::text from revocations r where r.organization_id = ${of.organizationId} and r.key_id = ${of.id}
  and r.restored_at is null)`

/** A key that had ended by itself is not revoked when its money goes back. */
const gone = sql<string | null>`coalesce((select f.reason::text from term_refunds f
  where f.organization_id = ${checkoutLines.organizationId} and f.term_id = ${checkoutLines.termId}
    and f.restored_at is null), ${revokedFor(keys)})`

const lineColumns = {
  id: checkoutLines.id,
  subscriptionId: checkoutLines.subscriptionId,
  productId: checkoutLines.productId,
  product: products.name,
  instanceId: checkoutLines.instanceId,
  instance: instances.label,
  retired: sql<boolean>`${instances.retiredAt} is not null`,
  amount: checkoutLines.amount,
  taxBehavior: prices.taxBehavior,
  // Money that comes after the end brings a term that begins later than was shown.
  startsAt: sql<Date>`coalesce(${paidTerms.startsAt}, ${checkoutLines.startsAt})`.mapWith(terms.startsAt),
  endsAt: sql<Date>`coalesce(${paidTerms.endsAt}, ${checkoutLines.endsAt})`.mapWith(terms.endsAt),
  newKey: {
    id: keys.id,
    shortId: keys.shortId,
    firstSeenAt: keys.firstSeenAt,
    expiresAt: keys.expiresAt,
    refundedAt: keys.refundedAt,
  },
  gone,
  oldRevoked: sql<boolean>`${revokedFor(oldKeys)} is not null`,
  oldKey: { id: oldKeys.id, shortId: oldKeys.shortId, expiresAt: oldKeys.expiresAt },
  lastKey: { shortId: lastKeys.shortId, expiresAt: lastKeys.expiresAt },
  lastRevokedFor: revokedFor(lastKeys),
}

/** The lines of a Checkout, in the order in which they were shown before. */
export function linesOf(
  tx: OrganizationTx,
  organizationId: string,
  checkoutId: string,
): Promise<CheckoutLineRow[]> {
  return tx
    .select(lineColumns)
    .from(checkoutLines)
    .innerJoin(products, eq(products.id, checkoutLines.productId))
    .innerJoin(prices, eq(prices.id, checkoutLines.priceId))
    .leftJoin(
      instances,
      and(
        eq(instances.organizationId, checkoutLines.organizationId),
        eq(instances.id, checkoutLines.instanceId),
      ),
    )
    .leftJoin(
      paidTerms,
      and(eq(paidTerms.organizationId, checkoutLines.organizationId), eq(paidTerms.id, checkoutLines.termId)),
    )
    .leftJoin(
      keys,
      and(
        eq(keys.organizationId, checkoutLines.organizationId),
        eq(keys.termId, checkoutLines.termId),
        isNull(keys.supersededAt),
      ),
    )
    .leftJoin(oldKeys, and(eq(oldKeys.organizationId, keys.organizationId), eq(oldKeys.id, keys.followsId)))
    .leftJoin(
      terms,
      and(
        eq(terms.organizationId, checkoutLines.organizationId),
        eq(terms.subscriptionId, checkoutLines.subscriptionId),
        isLastTerm,
      ),
    )
    .leftJoin(
      lastKeys,
      and(
        eq(lastKeys.organizationId, terms.organizationId),
        eq(lastKeys.termId, terms.id),
        isNull(lastKeys.supersededAt),
      ),
    )
    .where(and(eq(checkoutLines.organizationId, organizationId), eq(checkoutLines.checkoutId, checkoutId)))
    .orderBy(asc(checkoutLines.id))
}
