import { eq, sql } from 'drizzle-orm'
import { z } from 'zod'
import { products, releases, suiteProducts } from '@/db/schema/catalog'
import type { SystemTx } from '@/db/scope'
import { vendorCommand } from '@/lib/command'
import { InvalidInput } from '@/lib/errors'
import { newId } from '@/lib/ids'

const endBehaviour = z.enum(['read_only', 'trial_mode', 'disabled']).default('read_only')

const Release = z.object({
  version: z.string().min(1),
  glpiMin: z.string().min(1),
  glpiMax: z.string().min(1).nullable().default(null),
  releasedOn: z.iso.date(),
})

const Product = z.object({
  reference: z.string().regex(/^[a-z0-9]+([_-][a-z0-9]+)*$/),
  name: z.string().min(1).max(100),
  kind: z.enum(['plugin', 'suite', 'cloud_plan']).default('plugin'),
  openSource: z.boolean().default(false),
  keyKind: z.enum(['subscription', 'permanent']).default('subscription'),
  binding: z.enum(['url', 'installation', 'organization']).default('url'),
  description: z.object({ en: z.string().min(1), fr: z.string().min(1) }),
  freeFeatures: z.array(z.string()).default([]),
  trialDays: z
    .union([z.literal(15), z.literal(30)])
    .nullable()
    .default(null),
  overlapDays: z.number().int().min(0).max(60).default(14),
  graceDays: z.number().int().min(1).max(60).default(7),
  movesPerYear: z.number().int().min(0).default(3),
  onExpiry: endBehaviour,
  onRevocation: endBehaviour,
  homepageUrl: z.url().nullable().default(null),
  contains: z.array(z.string()).default([]),
  releases: z.array(Release).default([]),
})

const ApplyCatalog = z.object({ products: z.array(Product).min(1) })

/**
 * Makes the catalog say what is given: adds and updates products and releases by their references, removes nothing.
 * @throws InvalidInput when a suite contains a product that is neither given nor known.
 */
export const applyCatalog = vendorCommand(
  'catalog.apply',
  ApplyCatalog,
  async ({ tx, now, audit }, catalog) => {
    const ids = new Map<string, string>()
    for (const { contains, releases: given, ...product } of catalog.products) {
      const [row] = await tx
        .insert(products)
        .values({ id: newId(now), ...product, createdAt: now })
        .onConflictDoUpdate({ target: products.reference, set: product })
        .returning({ id: products.id })
      if (!row) throw new Error('an upsert returns its row')
      ids.set(product.reference, row.id)
      await applyReleases(tx, row.id, given, now)
    }
    for (const { reference, contains } of catalog.products) await applySuite(tx, ids, reference, contains)
    audit({ details: { products: catalog.products.length } })
    return { products: ids.size }
  },
)

async function applyReleases(tx: SystemTx, productId: string, given: z.output<typeof Release>[], now: Date) {
  if (given.length === 0) return
  await tx
    .insert(releases)
    .values(given.map((release) => ({ id: newId(now), productId, ...release })))
    .onConflictDoUpdate({
      target: [releases.productId, releases.version],
      set: {
        glpiMin: sql`excluded.glpi_min`,
        glpiMax: sql`excluded.glpi_max`,
        releasedOn: sql`excluded.released_on`,
      },
    })
}

async function applySuite(tx: SystemTx, ids: Map<string, string>, suite: string, contains: string[]) {
  const suiteId = ids.get(suite)
  for (const reference of contains) {
    const productId = ids.get(reference) ?? (await knownProduct(tx, reference))
    if (!suiteId || !productId) throw new InvalidInput({ [suite]: 'unknown_product' })
    await tx.insert(suiteProducts).values({ suiteId, productId }).onConflictDoNothing()
  }
}

/** A product that an earlier catalog brought. */
async function knownProduct(tx: SystemTx, reference: string): Promise<string | undefined> {
  const [known] = await tx.select({ id: products.id }).from(products).where(eq(products.reference, reference))
  return known?.id
}
