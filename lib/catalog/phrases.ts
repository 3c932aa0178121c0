import type { Translate } from '@/lib/messages/translator'
import type { CatalogProduct } from './queries'
import { compareVersions, upgradeOutlook } from './rules'

/** Which release of a product fits a GLPI version, or why none does. */
export function fitSentence(
  product: CatalogProduct,
  glpiVersion: string,
  t: Translate,
): { fits: boolean; text: string } {
  const [outlook] = upgradeOutlook([product], glpiVersion)
  const verdict = outlook?.verdict
  if (!verdict || product.releases.length === 0) return { fits: false, text: t('instance.no_release') }
  if (verdict.fits) {
    return {
      fits: true,
      text: t('instance.fits', { release: verdict.release.version, version: glpiVersion }),
    }
  }
  if (verdict.because === 'glpi_too_old') {
    return { fits: false, text: t('instance.too_old', { from: verdict.from, version: glpiVersion }) }
  }
  const facts = { version: glpiVersion, upTo: verdict.upTo ?? '' }
  return {
    fits: false,
    text: t(verdict.because === 'ended' ? 'instance.no_fit_ended' : 'instance.no_fit', facts),
  }
}

/** The same where the instance's GLPI version is not known: what the newest release needs. */
export function newestSentence({ releases }: CatalogProduct, t: Translate): string {
  const [newest] = [...releases].sort((a, b) => compareVersions(b.version, a.version))
  if (!newest) return t('instance.no_release')
  return t('instance.fits_unknown', {
    release: newest.version,
    from: newest.glpiMin,
    to: newest.glpiMax ?? 'none',
  })
}
