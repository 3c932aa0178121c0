import { fitSentence } from '@/lib/catalog/phrases'
import type { CatalogProduct } from '@/lib/catalog/queries'
import { compareVersions, fits as releaseFits } from '@/lib/catalog/rules'
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
  return parts.flatMap((part) => {
    const { name } = part
    const newest = newestOf(part)
    if (!newest) return []
    const { version, glpiMin, glpiMax } = newest
    const to = glpiMax === glpiMin ? 'same' : (glpiMax ?? 'none')
    const text = t('billing.buy.versions', { release: version, from: glpiMin, to })
    return isSuite ? t('instance.product_fits', { product: name, text }) : text
  })
}

/** What of a product has no release for the GLPI that it is for, or not the newest. */
export function misfits(
  productId: string,
  glpiVersion: string | null,
  products: readonly CatalogProduct[],
  t: Translate,
): string[] {
  if (!glpiVersion) return []
  const { parts, isSuite } = installed(productId, products)
  return parts.flatMap((part) => {
    const text = misfit(part, glpiVersion, t)
    if (!text) return []
    return isSuite ? t('instance.product_fits', { product: part.name, text }) : text
  })
}

function misfit(product: CatalogProduct, glpiVersion: string, t: Translate): string | null {
  const newest = newestOf(product)
  if (!newest || releaseFits(newest, glpiVersion)) return null
  const { fits, text } = fitSentence(product, glpiVersion, t)
  return fits ? t('billing.newest_misfit', { release: newest.version, text }) : text
}

const newestOf = ({ releases }: CatalogProduct) =>
  releases.toSorted((a, b) => compareVersions(b.version, a.version))[0]
