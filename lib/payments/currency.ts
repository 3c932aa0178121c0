import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { unionAll } from 'drizzle-orm/pg-core'
import { automaticRenewals } from '@/db/schema/automatic-renewals'
import { checkouts, prices } from '@/db/schema/payments'
import type { OrganizationTx } from '@/db/scope'
import { chooseCurrency } from './rules'

/**
 * The currency that an organization pays in once it has paid, or while it pays; null: it may choose yet. What it began and
 * gave up binds it to nothing.
 */
export async function currencyOf(tx: OrganizationTx, organizationId: string): Promise<string | null> {
  const paid = tx
    .select({ currency: checkouts.currency, id: checkouts.id })
    .from(checkouts)
    .where(
      and(
        eq(checkouts.organizationId, organizationId),
        sql`(${checkouts.ended} = 'paid' or ${checkouts.endedAt} is null)`,
      ),
    )
  const automatic = tx
    .select({ currency: automaticRenewals.currency, id: automaticRenewals.id })
    .from(automaticRenewals)
    .where(
      and(
        eq(automaticRenewals.organizationId, organizationId),
        // What was switched on has a subscription at Stripe, also once it has ended.
        sql`(${automaticRenewals.startedAt} is not null or ${automaticRenewals.endedAt} is null)`,
      ),
    )
  const [first] = await unionAll(paid, automatic).orderBy(sql`id`).limit(1)
  return first?.currency ?? null
}

/**
 * In which currency an organization would pay.
 * @param wanted what somebody has chosen
 * @param productIds for these products; null: whatever of the catalog
 * @returns also in which others it could
 */
export async function currencyFor(
  tx: OrganizationTx,
  organizationId: string,
  wanted: string | undefined,
  productIds: readonly string[] | null,
) {
  const own = await currencyOf(tx, organizationId)
  return chooseCurrency(own, wanted, own ? [] : await currenciesOf(tx, productIds))
}

/** In which currencies each product has a price, by its ID; of the whole catalog, where none is named. */
async function currenciesOf(tx: OrganizationTx, productIds: readonly string[] | null): Promise<string[][]> {
  const rows = await tx
    .selectDistinct({ productId: prices.productId, currency: prices.currency })
    .from(prices)
    .where(
      and(
        isNull(prices.withdrawnAt),
        eq(prices.months, 12),
        productIds ? inArray(prices.productId, [...productIds]) : undefined,
      ),
    )
  if (!productIds) return rows.length > 0 ? [rows.map(({ currency }) => currency)] : []
  const byProduct = Map.groupBy(rows, ({ productId }) => productId)
  return [...byProduct.values()].map((of) => of.map(({ currency }) => currency))
}
