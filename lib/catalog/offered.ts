import { asc, isNull } from 'drizzle-orm'
import { products, releases, suiteProducts } from '@/db/schema/catalog'
import { prices } from '@/db/schema/payments'
import { withoutScope } from '@/db/scope'
import { compareVersions, isStable } from './rules'

export type OfferedProduct = Awaited<ReturnType<typeof offeredProducts>>[number]

/** What is offered to whoever looks, whether or not it needs a key, with what it costs and the GLPI versions that its newest release fits. */
export async function offeredProducts() {
  return withoutScope(async (tx) => {
    const rows = await tx
      .select()
      .from(products)
      .where(isNull(products.withdrawnAt))
      .orderBy(asc(products.name), asc(products.id))
    const versions = await tx.select().from(releases)
    const parts = await tx.select().from(suiteProducts)
    const asked = await tx
      .select()
      .from(prices)
      .where(isNull(prices.withdrawnAt))
      .orderBy(asc(prices.currency), asc(prices.months))
    return rows.map((row) => ({
      ...{ id: row.id, reference: row.reference, name: row.name, description: row.description },
      ...{ openSource: row.openSource, homepageUrl: row.homepageUrl, trialDays: row.trialDays },
      everywhere: row.binding === 'organization',
      contains: rows
        .filter(({ id }) => parts.some(({ suiteId, productId }) => suiteId === row.id && productId === id))
        .map(({ name }) => name),
      newest: newestOf(versions.filter(({ productId }) => productId === row.id)),
      prices: asked.filter(({ productId, binding }) => productId === row.id && binding === row.binding),
    }))
  })
}

/** A pre-release only where there is nothing else. */
function newestOf<Release extends { version: string }>(all: Release[]): Release | null {
  const sorted = all.toSorted((a, b) => compareVersions(b.version, a.version))
  return sorted.find(({ version }) => isStable(version)) ?? sorted[0] ?? null
}
