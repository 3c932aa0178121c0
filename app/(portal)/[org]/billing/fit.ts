import { fitSentence } from '@/lib/catalog/phrases'
import type { CatalogProduct } from '@/lib/catalog/queries'
import { compareVersions } from '@/lib/catalog/rules'
import type { Translate } from '@/lib/messages/translator'

/** What a key of the product installs: itself or, of a suite, what it contains. */
function installed(productId: string, products: readonly CatalogProduct[]) {
  const product = products.find(({ id }) => id === productId)
  if (!product) return { parts: [], isSuite: false }
  const inside = products.filter(({ id }) => product.contains.some((one) => one.id === id))
  return { parts: inside.length > 0 ? inside : [product], isSuite: inside.length > 0 }
}

/** For which GLPI versions a product is; of a suite for each of its parts. Nothing is said of what has no releases. */
export function versionLines(productId: string, products: readonly CatalogProduct[], t: Translate): string[] {
  const { parts, isSuite } = installed(productId, products)
  return parts.flatMap(({ name, releases }) => {
    const [newest] = releases.toSorted((a, b) => compareVersions(b.version, a.version))
    if (!newest) return []
    const { version, glpiMin, glpiMax } = newest
    const text = t('billing.buy.versions', { release: version, from: glpiMin, to: glpiMax ?? 'none' })
    return isSuite ? t('instance.product_fits', { product: name, text }) : text
  })
}

/** What of a product has no release for the GLPI that it is chosen for. */
export function misfits(
  productId: string,
  glpiVersion: string | null,
  products: readonly CatalogProduct[],
  t: Translate,
): string[] {
  if (!glpiVersion) return []
  const { parts, isSuite } = installed(productId, products)
  return parts.flatMap((part) => {
    const { fits, text } = fitSentence(part, glpiVersion, t)
    if (fits || part.releases.length === 0) return []
    return isSuite ? t('instance.product_fits', { product: part.name, text }) : text
  })
}
