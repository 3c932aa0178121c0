import { eq } from 'drizzle-orm'
import { products, releases, suiteProducts } from '@/db/schema/catalog'
import { withoutScope } from '@/db/scope'
import type { ReleaseRange } from '@/lib/catalog/rules'
import { now } from '@/lib/clock'

/** A product as checks ask for it. */
export type CheckedProduct = Pick<
  typeof products.$inferSelect,
  | 'id'
  | 'reference'
  | 'name'
  | 'kind'
  | 'openSource'
  | 'description'
  | 'homepageUrl'
  | 'graceDays'
  | 'onExpiry'
  | 'onRevocation'
  | 'freeFeatures'
  | 'handsOver'
  | 'createdAt'
  | 'withdrawnAt'
> & { releases: (ReleaseRange & { releasedOn: string })[]; contains: string[] }

interface Catalog {
  byId: Map<string, CheckedProduct>
  byReference: Map<string, CheckedProduct>
}

/** A catalog changes by an operator's hand; who has applied one waits a minute for it. */
const keptMilliseconds = 60_000

let kept: { catalog: Promise<Catalog>; readAt: number } | undefined

/** The whole catalog, kept for a minute: a check would otherwise read three more tables. @throws Unavailable */
export function catalog(): Promise<Catalog> {
  const at = now().getTime()
  if (!kept || Math.abs(at - kept.readAt) >= keptMilliseconds) {
    const reading = read()
    kept = { catalog: reading, readAt: at }
    reading.catch(() => {
      kept = undefined
    })
  }
  return kept.catalog
}

async function read(): Promise<Catalog> {
  return withoutScope(async (tx) => {
    const rows = await tx.select().from(products)
    const versions = await tx.select().from(releases)
    const parts = await tx
      .select({ suiteId: suiteProducts.suiteId, reference: products.reference })
      .from(suiteProducts)
      .innerJoin(products, eq(products.id, suiteProducts.productId))
    const found = rows.map((row) => ({
      ...row,
      releases: versions.filter(({ productId }) => productId === row.id),
      contains: parts.filter(({ suiteId }) => suiteId === row.id).map(({ reference }) => reference),
    }))
    return {
      byId: new Map(found.map((product) => [product.id, product])),
      byReference: new Map(found.map((product) => [product.reference, product])),
    }
  })
}

/** What a key of this product unlocks: the product itself and, of a suite, each that it contains. */
export const unlockedBy = ({ reference, contains }: CheckedProduct) => [reference, ...contains]
