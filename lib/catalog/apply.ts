import { eq, inArray, isNull, sql } from 'drizzle-orm'
import { z } from 'zod'
import { products, releases, suiteProducts } from '@/db/schema/catalog'
import { prices } from '@/db/schema/payments'
import type { SystemTx } from '@/db/scope'
import { vendorCommand } from '@/lib/command'
import { InvalidInput, Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { alignRenewalsOfProducts } from '@/lib/jobs/align-renewals'
import { catalogChanges, type KnownProduct } from './changes'
import { Catalog, type CatalogProduct, termOf } from './input'
import { catalogMistakes } from './mistakes'
import { writePrices } from './prices'

type Given = z.input<typeof Catalog> & { dryRun?: boolean }
/** Looked at by the handler, which knows what the suites may contain, so that all mistakes are told at once. */
const ApplyCatalog = z.custom<Given>(() => true)

/**
 * Makes the catalog say what is given: adds and changes products and releases by their references, removes nothing.
 * @param dryRun changes nothing, and refuses nothing that would take back what was sold: it says so.
 * @returns what it changes; `rewritten`, those of it that may not be; `others`, the references that are not given.
 * @throws InvalidInput with everything that is wrong with it; Refused `was_sold` when it would take back what was sold,
 * naming the product and the field.
 */
export const applyCatalog = vendorCommand(
  'catalog.apply',
  ApplyCatalog,
  async ({ tx, now, audit, unchanged }, input) => {
    // Of a file that says nothing it is null.
    const { dryRun = false, ...stated } = input ?? {}
    const known = await knownProducts(tx)
    const mistakes = catalogMistakes(stated, known)
    if (Object.keys(mistakes).length > 0) throw new InvalidInput(mistakes)
    const { products: given } = Catalog.parse(stated)
    const { changes, rewritten } = catalogChanges(known, given)
    const others = known.map(({ reference }) => reference)
    const result = {
      changes,
      rewritten,
      others: others.filter((reference) => !given.some((product) => product.reference === reference)),
    }
    const [first] = rewritten
    if (first && !dryRun)
      throw new Refused('was_sold', { product: first.product, field: 'field' in first ? first.field : '' })
    if (dryRun || changes.length === 0) unchanged()
    else {
      await write(tx, known, given, now)
      const withdrawn = given.flatMap((product) => (product.withdrawn ? product.reference : []))
      await alignRenewalsOfProducts(tx, withdrawn)
      const changed = new Set(changes.map(({ product }) => product))
      audit({ details: { changes: changes.length, products: [...changed].join(', ') } })
    }
    return result
  },
)

/** Locked, so that of two catalogs at once the second is compared with what the first has made. */
async function knownProducts(tx: SystemTx): Promise<KnownProduct[]> {
  await tx.execute(sql`lock table ${products} in share row exclusive mode`)
  const rows = await tx
    .select({
      product: products,
      sold: sql<boolean>`exists (select from keys k where k.product_id = products.id)`,
    })
    .from(products)
    .orderBy(products.reference)
  const parts = await tx
    .select({ suiteId: suiteProducts.suiteId, reference: products.reference })
    .from(suiteProducts)
    .innerJoin(products, eq(products.id, suiteProducts.productId))
  const known = await tx.select().from(releases)
  const current = await tx.select().from(prices).where(isNull(prices.withdrawnAt))
  return rows.map(({ product: { id, createdAt: _, withdrawnAt, ...product }, sold }) => ({
    ...product,
    // as: the columns' own checks say the same as the schema of the input
    keyKind: product.keyKind as CatalogProduct['keyKind'],
    trialDays: product.trialDays as CatalogProduct['trialDays'],
    withdrawn: withdrawnAt !== null,
    contains: parts.filter(({ suiteId }) => suiteId === id).map(({ reference }) => reference),
    prices: current
      .filter(({ productId }) => productId === id)
      .map(({ currency, amount, taxBehavior: tax, months }) => ({ currency, amount, tax, months }))
      .toSorted((a, b) => termOf(a).localeCompare(termOf(b))),
    releases: known
      .filter(({ productId }) => productId === id)
      .map(({ version, glpiMin, glpiMax, releasedOn }) => ({ version, glpiMin, glpiMax, releasedOn })),
    sold,
  }))
}

async function write(
  tx: SystemTx,
  known: readonly KnownProduct[],
  given: readonly CatalogProduct[],
  now: Date,
) {
  // First, since what is still among the parts of a suite, or has some, cannot become another kind.
  await tx.delete(suiteProducts).where(
    inArray(
      suiteProducts.suiteId,
      named(
        tx,
        given.map(({ reference }) => reference),
      ),
    ),
  )
  for (const { contains: _, releases: stated, prices: asked, withdrawn, ...product } of given) {
    const before = known.find(({ reference }) => reference === product.reference)
    // The day on which it was withdrawn stays that day.
    const sale = before?.withdrawn === withdrawn ? {} : { withdrawnAt: withdrawn ? now : null }
    const [row] = await tx
      .insert(products)
      .values({ id: newId(now), ...product, ...sale, createdAt: now })
      .onConflictDoUpdate({ target: products.reference, set: { ...product, ...sale } })
      .returning({ id: products.id })
    if (!row) throw new Error('an upsert returns its row')
    await writePrices(tx, { id: row.id, binding: product.binding }, asked, now)
    if (stated.length === 0) continue
    await tx
      .insert(releases)
      .values(stated.map((release) => ({ id: newId(now), productId: row.id, ...release })))
      .onConflictDoUpdate({
        target: [releases.productId, releases.version],
        set: {
          glpiMin: sql`excluded.glpi_min`,
          glpiMax: sql`excluded.glpi_max`,
          releasedOn: sql`excluded.released_on`,
        },
      })
  }
  for (const product of given) await writeParts(tx, product)
}

async function writeParts(tx: SystemTx, { reference, contains }: CatalogProduct) {
  if (contains.length === 0) return
  const [[suite], parts] = [await named(tx, [reference]), await named(tx, contains)]
  if (!suite) throw new Error('the suite was just written')
  await tx.insert(suiteProducts).values(parts.map(({ id }) => ({ suiteId: suite.id, productId: id })))
}

const named = (tx: SystemTx, references: string[]) =>
  tx.select({ id: products.id }).from(products).where(inArray(products.reference, references))
