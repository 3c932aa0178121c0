import { and, asc, eq, gt, inArray, isNull, or, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { products, suiteProducts } from '@/db/schema/catalog'
import { instances } from '@/db/schema/instances'
import { keys, revocations } from '@/db/schema/keys'
import { checkoutLines, prices } from '@/db/schema/payments'
import { terms } from '@/db/schema/subscriptions'
import type { OrganizationTx } from '@/db/scope'
import { isRevocationOfKey } from '@/lib/keys/filter'
import { firstStart, isLastTerm } from '@/lib/payments/payable'
import { paidUntil } from '@/lib/subscriptions/rules'

/** What an organization may be sold, has and is paying: what the verdicts on purchases are made from. */
export interface Shop {
  goods: Map<string, Good>
  contents: { suiteId: string; productId: string; name: string }[]
  instances: Map<string, PlaceInstance>
  holdings: Holding[]
  trials: Trial[]
  open: { productId: string; instanceId: string | null; checkoutId: string }[]
}

export type Good = Awaited<ReturnType<typeof goods>>[number]
export type PlaceInstance = Awaited<ReturnType<typeof places>>[number]
export type Trial = Awaited<ReturnType<typeof trials>>[number]
export type Holding = Awaited<ReturnType<typeof holdings>>[number]

/** @param of these products, or null for all that is sold; these instances and the whole organization */
export async function readShop(
  tx: OrganizationTx,
  organizationId: string,
  currency: string,
  of: { productIds: readonly string[] | null; instanceIds: readonly string[] },
  now: Date,
): Promise<Shop> {
  const { productIds, instanceIds } = of
  const [sold, contents, found, held, tried, open] = await Promise.all([
    goods(tx, currency, productIds),
    tx
      .select({
        suiteId: suiteProducts.suiteId,
        productId: suiteProducts.productId,
        name: products.name,
      })
      .from(suiteProducts)
      .innerJoin(products, eq(products.id, suiteProducts.productId))
      .orderBy(asc(products.name)),
    places(tx, organizationId, instanceIds),
    holdings(tx, organizationId, instanceIds),
    trials(tx, organizationId, instanceIds, now),
    openLines(tx, organizationId, instanceIds),
  ])
  return {
    goods: new Map(sold.map((good) => [good.id, good])),
    contents,
    instances: new Map(found.map((instance) => [instance.id, instance])),
    holdings: held,
    trials: tried,
    open,
  }
}

async function goods(tx: OrganizationTx, currency: string, ids: readonly string[] | null) {
  const rows = await tx
    .select({
      id: products.id,
      name: products.name,
      kind: products.kind,
      description: products.description,
      overlapDays: products.overlapDays,
      everywhere: sql<boolean>`${products.binding} = 'organization'`,
      openSource: products.openSource,
      withdrawn: sql<boolean>`${products.withdrawnAt} is not null`,
      permanent: sql<boolean>`${products.keyKind} = 'permanent'`,
      price: {
        id: prices.id,
        amount: prices.amount,
        taxBehavior: prices.taxBehavior,
        months: prices.months,
      },
    })
    .from(products)
    .leftJoin(
      prices,
      and(
        eq(prices.productId, products.id),
        eq(prices.currency, currency),
        eq(prices.months, 12),
        isNull(prices.withdrawnAt),
      ),
    )
    .where(ids ? inArray(products.id, [...ids]) : isSold)
    .orderBy(asc(products.name), asc(products.id))
  return rows.map(({ price, ...good }) => ({ ...good, price: price?.id ? price : null }))
}

const isSold = and(
  eq(products.openSource, false),
  isNull(products.withdrawnAt),
  eq(products.keyKind, 'subscription'),
  sql`${prices.id} is not null`,
)

const originals = alias(instances, 'originals')

function places(tx: OrganizationTx, organizationId: string, ids: readonly string[]) {
  return tx
    .select({
      id: instances.id,
      label: instances.label,
      glpiVersion: instances.glpiVersion,
      retiredAt: instances.retiredAt,
      testOf: originals.label,
    })
    .from(instances)
    .leftJoin(
      originals,
      and(eq(originals.organizationId, instances.organizationId), eq(originals.id, instances.testOfId)),
    )
    .where(and(eq(instances.organizationId, organizationId), inArray(instances.id, [...ids])))
    .orderBy(asc(instances.label), asc(instances.id))
}

/** The subscriptions of these places, by their last terms that count. */
async function holdings(tx: OrganizationTx, organizationId: string, instanceIds: readonly string[]) {
  const rows = await tx
    .select({
      subscriptionId: terms.subscriptionId,
      productId: keys.productId,
      product: products.name,
      instanceId: keys.instanceId,
      revoked: sql<boolean>`${revocations.id} is not null`,
      term: {
        begun: firstStart,
        endsAt: terms.endsAt,
        refundedAt: terms.refundedAt,
        keyExpiresAt: sql<Date>`${keys.expiresAt}`.mapWith(keys.expiresAt),
      },
    })
    .from(keys)
    .innerJoin(terms, and(eq(terms.organizationId, keys.organizationId), eq(terms.id, keys.termId)))
    .innerJoin(products, eq(products.id, keys.productId))
    .leftJoin(revocations, isRevocationOfKey)
    .where(
      and(
        eq(keys.organizationId, organizationId),
        isNull(keys.supersededAt),
        or(isNull(keys.instanceId), inArray(keys.instanceId, [...instanceIds])),
        isLastTerm,
      ),
    )
  return rows.map(({ term, ...held }) => ({ ...held, ...paidUntil(term) }))
}

/** The trials that run in these places, from whose keys what is bought takes over. */
function trials(tx: OrganizationTx, organizationId: string, instanceIds: readonly string[], now: Date) {
  return tx
    .select({
      productId: keys.productId,
      instanceId: keys.instanceId,
      shortId: keys.shortId,
      endsAt: keys.endsAt,
    })
    .from(keys)
    .leftJoin(revocations, isRevocationOfKey)
    .where(
      and(
        ...[eq(keys.organizationId, organizationId), eq(keys.kind, 'trial'), gt(keys.endsAt, now)],
        ...[isNull(keys.renewedAt), isNull(revocations.id)],
        or(isNull(keys.instanceId), inArray(keys.instanceId, [...instanceIds])),
      ),
    )
}

function openLines(tx: OrganizationTx, organizationId: string, instanceIds: readonly string[]) {
  return tx
    .select({
      productId: checkoutLines.productId,
      instanceId: checkoutLines.instanceId,
      checkoutId: checkoutLines.checkoutId,
    })
    .from(checkoutLines)
    .where(
      and(
        eq(checkoutLines.organizationId, organizationId),
        isNull(checkoutLines.endedAt),
        or(isNull(checkoutLines.instanceId), inArray(checkoutLines.instanceId, [...instanceIds])),
      ),
    )
}
