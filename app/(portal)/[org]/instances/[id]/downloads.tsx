import type { Visit } from '@/app/_request/session'
import { LinkButton } from '@/components/ui/button'
import { Icon } from '@/components/ui/icon'
import { may } from '@/lib/access'
import type { archives } from '@/lib/catalog/archives'
import type { CatalogProduct } from '@/lib/catalog/queries'
import { compareVersions, fits, isStable } from '@/lib/catalog/rules'

/** The name of a release's archive, null where it has none. */
export type ArchiveOf = Awaited<ReturnType<typeof archives>>

type Release = CatalogProduct['releases'][number]

/** The archives of a product's releases: first the one to install on the instance's GLPI, then what else there is. */
export function Downloads({
  visit: { t, organization },
  instance: { id, glpiVersion },
  product: { reference, name, releases },
  archiveOf,
}: {
  visit: Visit
  instance: { id: string; glpiVersion: string | null }
  product: CatalogProduct
  archiveOf: ArchiveOf
}) {
  if (!may(organization.role, 'archive.download')) return null
  const isFit = (release: Release) => glpiVersion === null || fits(release, glpiVersion)
  const [first, ...others] = releases
    .filter(({ version }) => archiveOf(reference, version) !== null)
    .sort((a, b) => compareVersions(b.version, a.version))
    .sort((a, b) => rank(a, isFit) - rank(b, isFit))
  if (!first) return null
  const link = (release: Release) => {
    const query = new URLSearchParams({ product: reference, version: release.version })
    const facts = { product: name, version: release.version, fits: isFit(release) ? 'yes' : 'no' }
    return (
      <LinkButton
        key={release.version}
        small
        icon="download"
        variant="quiet"
        download
        href={`/${organization.slug}/instances/${id}/archives?${query}`}
      >
        {t('instance.download', facts)}
      </LinkButton>
    )
  }
  return (
    <>
      <div className="row">{link(first)}</div>
      {others.length > 0 && (
        <details className="past">
          <summary>
            <Icon name="chevron-right" />
            {t('instance.downloads', { product: name })}
          </summary>
          <div className="row">{others.map(link)}</div>
        </details>
      )}
    </>
  )
}

/** A pre-release only where there is nothing else, and what does not fit last. */
const rank = (release: Release, isFit: (release: Release) => boolean) =>
  (isFit(release) ? 0 : 2) + (isStable(release.version) ? 0 : 1)
