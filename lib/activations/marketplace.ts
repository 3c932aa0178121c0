import { createHash } from 'node:crypto'
import { archives } from '@/lib/catalog/archives'
import { fits, isStable } from '@/lib/catalog/rules'
import { env } from '@/lib/env'
import { NotFound } from '@/lib/errors'
import { type CheckedProduct, catalog, unlockedBy } from './catalog'
import { type Call, type Checked, noteAnswer, refusedAs } from './check'
import { findEntitled } from './facts'
import { admit, settled } from './registration'

/**
 * The catalog's plugins with the releases that work on the GLPI that asks. GLPI offers those alone whose `required_offers`
 * name the offer of its one key: where another of its keys unlocks a plugin, that offer is added.
 * @throws Refused `too_many`; Unavailable
 */
export async function plugins(call: Call) {
  const checked = await admit(call, 'marketplace')
  const entitled = await entitledTo(checked, call)
  const { byReference } = await catalog()
  const all = [...byReference.values()]
  const archiveOf = await archives()
  return all
    .filter(
      ({ kind, withdrawnAt, reference }) => kind === 'plugin' && (!withdrawnAt || entitled.has(reference)),
    )
    .sort((a, b) => (a.reference < b.reference ? -1 : 1))
    .map((product) => {
      const offers = product.openSource
        ? []
        : all.filter((one) => unlockedBy(one).includes(product.reference))
      const presented = entitled.has(product.reference) ? checked.ownProduct : null
      return {
        ...described(product),
        versions: versionsOf(product, call.glpiVersion, archiveOf),
        required_offers: product.openSource ? [] : references(presented ? [presented, ...offers] : offers),
      }
    })
}

const references = (products: CheckedProduct[]) =>
  [...new Set(products.map(({ reference }) => reference))].sort()

/** What the catalog does not say is left empty, which GLPI takes. */
function described({ reference, name, description, homepageUrl, createdAt, releases }: CheckedProduct) {
  const [newest] = releases
    .map(({ releasedOn }) => releasedOn)
    .sort()
    .reverse()
  return {
    id: numberOf(reference),
    key: reference,
    name,
    license: '',
    logo_url: '',
    homepage_url: homepageUrl ?? '',
    issues_url: '',
    readme_url: '',
    changelog_url: '',
    authors: [{ id: 1, name: env().VENDOR_NAME }],
    descriptions: Object.entries(description).map(([lang, text]) => ({
      lang,
      short_description: text,
      long_description: text,
    })),
    note: 0,
    download_count: 0,
    date_added: createdAt.toISOString(),
    date_updated: newest ? `${newest}T00:00:00.000Z` : createdAt.toISOString(),
  }
}

/** GLPI wants a number that stays; the catalog's IDs are none. */
const numberOf = (reference: string) => createHash('sha256').update(reference).digest().readUInt32BE() >>> 1

function versionsOf(
  { reference, releases }: CheckedProduct,
  glpiVersion: string | undefined,
  archiveOf: Awaited<ReturnType<typeof archives>>,
) {
  return releases.flatMap((release) => {
    const { version, glpiMin, glpiMax } = release
    const archive = archiveOf(reference, version)
    // GLPI does not look at `compatibility`: of what is listed it offers the highest.
    if (!archive || (glpiVersion && !fits(release, glpiVersion))) return []
    return {
      num: version,
      compatibility: glpiMax ? `${glpiMin} - ${glpiMax}` : `>= ${glpiMin}`,
      download_url: archiveAddress(reference, version, archive),
      stability: isStable(version) ? 'stable' : 'unstable',
    }
  })
}

/** Ends in the archive's name, from which GLPI learns how it is packed. */
const archiveAddress = (reference: string, version: string, archive: string) =>
  `${env().PUBLIC_URL}/api/marketplace/plugin/${reference}/download/${version}/${archive}`

/** The references of all that the GLPI which presents a good key has working keys of. */
async function entitledTo({ verdict, found, at }: Checked, { installationId }: Call): Promise<Set<string>> {
  if (!verdict.ok || !found || !installationId) return new Set()
  const ids = await findEntitled(found.id, installationId, at)
  const { byId } = await catalog()
  const products = [...ids].flatMap((id) => byId.get(id) ?? [])
  return new Set(products.flatMap(unlockedBy))
}

/** Where a release's archive is, for whoever may have it or not. @throws NotFound, Unavailable */
export async function archiveLink(reference: string, version: string): Promise<string> {
  return archiveAddress(reference, version, (await releaseArchive(reference, version)).archive)
}

/** The release and the name of its archive, both as the catalog has them. */
async function releaseArchive(reference: string, version: string) {
  const product = (await catalog()).byReference.get(reference)
  const release = product?.releases.find((one) => one.version === version)
  const archive = product && release && (await archives())(product.reference, release.version)
  if (!archive) throw new NotFound('release')
  return { product, archive }
}

/**
 * Whether a GLPI may have an archive: of an open-source plugin anybody, of others who has a working key of it, whichever key
 * it presents.
 * @param file the last part of the address, which must be that archive's name
 * @returns the archive's name, or the verdict that refuses it
 * @throws NotFound for what the catalog does not have; Refused `too_many`; Unavailable
 */
export async function download(call: Call, reference: string, version: string, file: string) {
  const { product, archive } = await releaseArchive(reference, version)
  if (archive !== file) throw new NotFound('release')
  if (product.openSource) return { ok: true as const, archive }
  const checked = await mayDownload(call, product)
  noteAnswer({ ...call, product: reference, productVersion: version }, checked, 'download')
  return checked.verdict.ok ? { ok: true as const, archive } : { ok: false as const, checked }
}

async function mayDownload(call: Call, product: CheckedProduct): Promise<Checked> {
  const checked = await settled(call)
  if (!checked.verdict.ok) return checked
  const entitled = await entitledTo(checked, call)
  return entitled.has(product.reference) ? checked : refusedAs('wrong_product', checked, product)
}
