import { and, eq, isNull } from 'drizzle-orm'
import { prices } from '@/db/schema/payments'
import type { SystemTx } from '@/db/scope'
import { newId } from '@/lib/ids'
import type { CatalogPrice, CatalogProduct } from './input'

/** Makes these the product's prices. One that changes is withdrawn and another begins: what was shown and paid stays as it was. */
export async function writePrices(
  tx: SystemTx,
  product: { id: string; binding: CatalogProduct['binding'] },
  asked: readonly CatalogPrice[],
  now: Date,
) {
  const { id: productId, binding } = product
  const current = await tx
    .select()
    .from(prices)
    .where(and(eq(prices.productId, productId), isNull(prices.withdrawnAt)))
  const isSame = (price: (typeof current)[number], { currency, amount, tax, months }: CatalogPrice) =>
    price.binding === binding &&
    price.currency === currency &&
    price.amount === amount &&
    price.taxBehavior === tax &&
    price.months === months
  for (const price of current) {
    if (asked.some((one) => isSame(price, one))) continue
    await tx.update(prices).set({ withdrawnAt: now }).where(eq(prices.id, price.id))
  }
  const added = asked.filter((one) => !current.some((price) => isSame(price, one)))
  for (const { currency, amount, tax, months } of added) {
    const stated = { currency, amount, taxBehavior: tax, months }
    await tx.insert(prices).values({ id: newId(now), productId, binding, ...stated, createdAt: now })
  }
}
