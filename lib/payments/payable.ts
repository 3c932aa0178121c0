import { and, asc, eq, inArray, isNull, or, sql } from 'drizzle-orm'
import { automaticRenewals } from '@/db/schema/automatic-renewals'
import { products } from '@/db/schema/catalog'
import { instanceAddresses, instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import { prices } from '@/db/schema/payments'
import { subscriptions, terms } from '@/db/schema/subscriptions'
import type { OrganizationTx } from '@/db/scope'
import type { Invoiced } from '@/lib/messages/sum-words'
import { timeZoneOf } from '@/lib/organizations/queries'
import { gapAhead, nextTerm, paidUntil, type Span } from '@/lib/subscriptions/rules'
import { type AutomaticVerdict, isAboutToCharge, mayRenewByItself } from './automatic/rules'
import type { Purchase } from './buying/basket'
import { currencyFor } from './currency'
import { mayPay, type PayVerdict } from './rules'

/** A subscription with the term that would be paid next. */
export interface Payable {
  subscriptionId: string
  productId: string
  product: string
  overlapDays: number
  instanceId: string | null
  instance: string | null
  instanceShortId: string | null
  /** What the instance has said that it is. */
  glpiVersion: string | null
  url: string | null
  /** The current key of the last term. */
  keyId: string
  shortId: string
  /** What is paid now, and until when the key goes on. */
  termEndsAt: Date
  keyExpiresAt: Date
  price: { id: string; amount: number; taxBehavior: 'inclusive' | 'exclusive'; months: number } | null
  /** The term that a payment now would bring. */
  next: { startsAt: Date; endsAt: Date } | null
  verdict: PayVerdict
  /** Days ahead that a refund has left unpaid before what is paid ahead: they cannot be paid here. */
  gap: Span | null
  /** That it renews by itself, or is to once a means of payment is given (`startedAt` is null). */
  automatic: Automatic | null
  /** Whether it can be made to. */
  automaticVerdict: AutomaticVerdict
}

export interface Automatic {
  id: string
  amount: number
  currency: string
  begunAt: Date
  startedAt: Date | null
  chargesAt: Date | null
  failedAt: Date | null
  /** What could not be charged, once its invoice is known. */
  invoiced: Invoiced | null
}

interface Only {
  subscriptionIds: readonly string[]
  keyIds?: readonly string[]
  purchases?: readonly Purchase[]
  currency?: string | undefined
}

/**
 * Subscriptions of an organization by the end of what is paid, each with its verdict.
 * @param only those subscriptions, and those that these keys belong to; all, where it is left out. At most 500. `currency`:
 * what the organization would pay in, where it may still choose; `purchases`: what it would buy with them
 * @returns also in which currencies it may pay for these together
 */
export async function listPayable(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
  only?: Only,
): Promise<{ currency: string; choices: string[]; payable: Payable[] }> {
  const productIds = only ? await productsOf(tx, organizationId, only) : null
  const [{ currency, choices }, timeZone] = [
    await currencyFor(tx, organizationId, only?.currency, productIds),
    await timeZoneOf(tx, organizationId),
  ]
  const rows = await lastTerms(tx, organizationId, currency, only)
  const payable = rows.map(({ facts, price: found, term, counting, ...row }) => {
    const { revokedFor, invoiced, ...known } = facts
    const price = found?.id ? found : null
    const automatic = row.automatic?.id ? { ...row.automatic, invoiced } : null
    const last = paidUntil(term)
    const amount = price?.amount ?? null
    const chargesSoon = automatic?.startedAt ? isAboutToCharge(automatic.chargesAt, now) : false
    const revoked = revokedFor ? { reason: revokedFor, keyExpiresAt: last.keyExpiresAt } : null
    const verdict = mayPay({ ...known, revoked, amount, chargesSoon }, now)
    const automaticVerdict = mayRenewByItself(
      { ...known, revoked: revokedFor, amount, termEndsAt: last.termEndsAt },
      now,
    )
    const next = price ? nextTerm(last, price.months, row.overlapDays, timeZone, now) : null
    const gap = gapAhead(term.begun, counting.map(spanOf), now)
    return { ...row, ...last, price, next, verdict, gap, automatic, automaticVerdict }
  })
  return { currency, choices, payable }
}

async function productsOf(tx: OrganizationTx, organizationId: string, only: Only) {
  const rows = await tx
    .selectDistinct({ id: subscriptions.productId })
    .from(terms)
    .innerJoin(
      subscriptions,
      and(eq(subscriptions.organizationId, terms.organizationId), eq(subscriptions.id, terms.subscriptionId)),
    )
    .where(and(eq(terms.organizationId, organizationId), isOneOf(organizationId, only)))
  return [...rows, ...(only.purchases ?? []).map(({ productId: id }) => ({ id }))].map(({ id }) => id)
}

/** No later term counts; and it counts itself, or none of its subscription does. */
export const isLastTerm = sql`not exists (select from terms later where later.organization_id = ${terms.organizationId}
  and later.subscription_id = ${terms.subscriptionId} and later.id <> ${terms.id}
  and (later.refunded_at is not null, -later.ordinal) < (${terms.refundedAt} is not null, -${terms.ordinal}))`

/** Where nothing counts, all that was paid has ended there. */
export const firstStart = sql<Date>`(select min(first.starts_at) from terms first
  where first.organization_id = ${terms.organizationId} and first.subscription_id = ${terms.subscriptionId})`.mapWith(
  terms.startsAt,
)

/** Of the terms that count, in seconds since 1970. */
const counting = sql<[number, number][]>`(select coalesce(json_agg(json_build_array(
    extract(epoch from c.starts_at), extract(epoch from c.ends_at))), '[]') from terms c
  where c.organization_id = ${terms.organizationId} and c.subscription_id = ${terms.subscriptionId}
    and c.refunded_at is null)`

const spanOf = ([starts, ends]: [number, number]): Span => ({
  startsAt: new Date(starts * 1_000),
  endsAt: new Date(ends * 1_000),
})

/** The Checkout in which the subscription is being paid. */
const open = sql<
  string | null
>`(select l.checkout_id from checkout_lines l where l.organization_id = ${terms.organizationId}
  and l.subscription_id = ${terms.subscriptionId} and l.ended_at is null)`

/** Of a term whose money has gone back nothing counts, its key's revocation neither. */
const revokedFor = sql<
  string | null
>`case when ${terms.refundedAt} is null then (select r.reason::text from revocations r
  where r.organization_id = ${keys.organizationId} and r.key_id = ${keys.id} and r.restored_at is null) end`

/** Asked where a charge has failed alone. */
const invoiced = sql<Invoiced | null>`case when ${automaticRenewals.failedAt} is not null then (
  select json_build_object('total', i.total, 'tax', i.tax, 'reverseCharge', i.reverse_charge)
  from automatic_charges c join invoices i on i.organization_id = c.organization_id and i.id = c.invoice_id
  where c.organization_id = ${automaticRenewals.organizationId} and c.renewal_id = ${automaticRenewals.id}
    and i.status = 'open' order by i.created_at desc limit 1) end`

const columns = {
  subscriptionId: terms.subscriptionId,
  productId: keys.productId,
  product: products.name,
  overlapDays: products.overlapDays,
  instanceId: keys.instanceId,
  instance: instances.label,
  instanceShortId: instances.shortId,
  glpiVersion: instances.glpiVersion,
  url: instanceAddresses.url,
  keyId: keys.id,
  shortId: keys.shortId,
  term: {
    begun: firstStart,
    endsAt: terms.endsAt,
    refundedAt: terms.refundedAt,
    keyExpiresAt: sql<Date>`${keys.expiresAt}`.mapWith(keys.expiresAt),
  },
  price: {
    id: prices.id,
    amount: prices.amount,
    taxBehavior: prices.taxBehavior,
    months: prices.months,
  },
  counting,
  automatic: {
    id: automaticRenewals.id,
    amount: automaticRenewals.amount,
    currency: automaticRenewals.currency,
    begunAt: automaticRenewals.begunAt,
    startedAt: automaticRenewals.startedAt,
    chargesAt: automaticRenewals.chargesAt,
    failedAt: automaticRenewals.failedAt,
  },
  facts: {
    withdrawn: sql<boolean>`${products.withdrawnAt} is not null`,
    retired: sql<boolean>`${instances.retiredAt} is not null`,
    lastStartsAt:
      sql<Date>`case when ${terms.refundedAt} is null then ${terms.startsAt} else ${firstStart} end`.mapWith(
        terms.startsAt,
      ),
    revokedFor,
    invoiced,
    openCheckoutId: open,
  },
}

const openRenewal = and(
  eq(automaticRenewals.organizationId, terms.organizationId),
  eq(automaticRenewals.subscriptionId, terms.subscriptionId),
  isNull(automaticRenewals.endedAt),
)

async function lastTerms(
  tx: OrganizationTx,
  organizationId: string,
  currency: string,
  only: Only | undefined,
) {
  return tx
    .select(columns)
    .from(terms)
    .innerJoin(
      keys,
      and(
        eq(keys.organizationId, terms.organizationId),
        eq(keys.termId, terms.id),
        isNull(keys.supersededAt),
      ),
    )
    .innerJoin(products, eq(products.id, keys.productId))
    .leftJoin(
      instances,
      and(eq(instances.organizationId, keys.organizationId), eq(instances.id, keys.instanceId)),
    )
    .leftJoin(
      instanceAddresses,
      and(
        eq(instanceAddresses.organizationId, keys.organizationId),
        eq(instanceAddresses.instanceId, keys.instanceId),
        eq(instanceAddresses.ordinal, 0),
        sql`${instanceAddresses.retiredAt} is not distinct from ${instances.retiredAt}`,
      ),
    )
    .leftJoin(
      prices,
      and(
        eq(prices.productId, products.id),
        eq(prices.currency, currency),
        eq(prices.months, 12),
        isNull(prices.withdrawnAt),
      ),
    )
    .leftJoin(automaticRenewals, openRenewal)
    .where(and(eq(terms.organizationId, organizationId), isLastTerm, only && isOneOf(organizationId, only)))
    .orderBy(asc(terms.endsAt), asc(terms.subscriptionId))
    .limit(500)
}

function isOneOf(organizationId: string, { subscriptionIds, keyIds = [] }: Only) {
  const ofKeys = sql`(select t.subscription_id from keys k join terms t on t.organization_id = k.organization_id
    and t.id = k.term_id where k.organization_id = ${organizationId} and ${inArray(sql`k.id`, [...keyIds])})`
  return or(inArray(terms.subscriptionId, [...subscriptionIds]), sql`${terms.subscriptionId} in ${ofKeys}`)
}
