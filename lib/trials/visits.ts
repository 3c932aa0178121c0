import { eq, sql } from 'drizzle-orm'
import { products } from '@/db/schema/catalog'
import { trialVisits } from '@/db/schema/trial-visits'
import { asSystem, type SystemTx } from '@/db/scope'
import { now } from '@/lib/clock'

/** What a browser of a person calls itself, and what programs that say what they are do not. */
const browser = /^Mozilla\/5\.0 \(/
const program =
  /bot|crawl|spider|slurp|preview|monitor|headless|scan|lighthouse|archiver|facebookexternal|https?:/i

/** Whether it is a person's browser that asks, as far as it says itself. */
export const isPersonsBrowser = (userAgent: string): boolean =>
  browser.test(userAgent) && !program.test(userAgent)

/**
 * Counts that a page of the trials was opened: a number of the day, and nothing of who it was. To be called after the answer,
 * which needs not wait for it.
 * @param reference the product's; null: the page of them all. Of a product that is not there nothing is counted.
 */
export async function countVisit(reference: string | null, userAgent: string): Promise<void> {
  if (!isPersonsBrowser(userAgent)) return
  const day = now().toISOString().slice(0, 10)
  await asSystem('count a visit of the trials', async (tx) => {
    const productId = reference === null ? null : await productNamed(tx, reference)
    if (productId === undefined) return
    await tx
      .insert(trialVisits)
      .values({ day, productId, count: 1 })
      .onConflictDoUpdate({
        target: [trialVisits.day, trialVisits.productId],
        set: { count: sql`${trialVisits.count} + 1` },
      })
  })
}

async function productNamed(tx: SystemTx, reference: string) {
  const [product] = await tx
    .select({ id: products.id })
    .from(products)
    .where(eq(products.reference, reference))
  return product?.id
}
