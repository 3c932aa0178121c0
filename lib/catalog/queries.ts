import { and, asc, eq, inArray, isNull } from 'drizzle-orm'
import { products, releases, suiteProducts } from '@/db/schema/catalog'
import type { OrganizationTx, SystemTx } from '@/db/scope'

export interface CatalogProduct {
  id: string
  reference: string
  name: string
  /** The products that a suite's key is good for; empty for others. */
  contains: { id: string; name: string }[]
  releases: { version: string; glpiMin: string; glpiMax: string | null; releasedOn: string }[]
  /** No longer sold: no release for a later GLPI will come. */
  ended: boolean
}

/** The given products with their releases, and what a suite contains with its releases. */
export async function productsWithReleases(
  tx: OrganizationTx | SystemTx,
  ids: readonly string[],
): Promise<CatalogProduct[]> {
  if (ids.length === 0) return []
  const inSuites = await tx
    .select({ suiteId: suiteProducts.suiteId, id: products.id, name: products.name })
    .from(suiteProducts)
    .innerJoin(products, eq(products.id, suiteProducts.productId))
    .where(inArray(suiteProducts.suiteId, [...ids]))
    .orderBy(asc(products.name))
  const wanted = [...new Set([...ids, ...inSuites.map(({ id }) => id)])]
  const rows = await tx
    .select()
    .from(products)
    .where(inArray(products.id, wanted))
    .orderBy(asc(products.name))
  const found = await tx.select().from(releases).where(inArray(releases.productId, wanted))
  return rows.map(({ id, reference, name, withdrawnAt }) => ({
    id,
    reference,
    name,
    contains: inSuites.filter(({ suiteId }) => suiteId === id),
    releases: found.filter(({ productId }) => productId === id),
    ended: withdrawnAt !== null,
  }))
}

/** Products that need no key, so that nobody looks for one. */
export function openSourceProducts(tx: OrganizationTx | SystemTx) {
  return tx
    .select({ id: products.id, name: products.name, homepageUrl: products.homepageUrl })
    .from(products)
    .where(eq(products.openSource, true))
    .orderBy(asc(products.name))
}

/** The products of which keys are issued: what is sold, and needs one. */
export function productsToIssue(tx: OrganizationTx) {
  return tx
    .select({ id: products.id, name: products.name, keyKind: products.keyKind, binding: products.binding })
    .from(products)
    .where(and(eq(products.openSource, false), isNull(products.withdrawnAt)))
    .orderBy(asc(products.name), asc(products.id))
}
