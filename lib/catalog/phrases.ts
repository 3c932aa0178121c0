import type { Translate } from '@/lib/messages/translator'
import type { CatalogProduct } from './queries'
import { compareVersions, fits, fittingReleases, upgradeOutlook } from './rules'

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
    const facts = { release: verdict.release.version, version: glpiVersion }
    const from = firstOfRange(product, verdict.release.version, glpiVersion)
    return {
      fits: true,
      text:
        from && from !== facts.release
          ? t('instance.fits_range', { ...facts, from })
          : t('instance.fits', facts),
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

/** The oldest release that fits, where all up to the newest do as well; else there is no range to name. */
function firstOfRange({ releases }: CatalogProduct, newest: string, glpiVersion: string): string | undefined {
  const upTo = releases.filter(({ version }) => compareVersions(version, newest) <= 0)
  const oldest = fittingReleases(upTo, glpiVersion).at(-1)
  if (!oldest) return undefined
  const range = upTo.filter(({ version }) => compareVersions(version, oldest.version) >= 0)
  return range.every((release) => fits(release, glpiVersion)) ? oldest.version : undefined
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
