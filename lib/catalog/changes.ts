import { isDeepStrictEqual } from 'node:util'
import type { CatalogProduct, CatalogRelease } from './input'

type ProductField = Exclude<keyof CatalogProduct, 'reference' | 'releases'>
type ReleaseField = Exclude<keyof CatalogRelease, 'version'>
export type Value = CatalogProduct[ProductField] | CatalogRelease[ReleaseField]

export type CatalogChange =
  | { what: 'product_added'; product: string }
  | { what: 'product_changed'; product: string; field: ProductField; from: Value; to: Value }
  | { what: 'release_added'; product: string; version: string }
  | {
      what: 'release_changed'
      product: string
      version: string
      field: ReleaseField
      from: Value
      to: Value
    }

/** A product as the database has it. `sold`: a key of it was issued. */
export interface KnownProduct extends CatalogProduct {
  sold: boolean
}

/**
 * What applying a catalog would change. What is not in it stays as it is.
 * @returns `rewritten`: those of the changes that would take back what was sold; none of it may then be applied.
 */
export function catalogChanges(known: readonly KnownProduct[], given: readonly CatalogProduct[]) {
  const before = new Map(known.map((product) => [product.reference, product]))
  const changes = given.flatMap((product) => changesOf(before.get(product.reference), product))
  const rewritten = changes.filter(
    (change) =>
      change.what === 'product_changed' &&
      before.get(change.product)?.sold &&
      takesBack(change.field, change.from, change.to),
  )
  return { changes, rewritten }
}

function changesOf(before: KnownProduct | undefined, after: CatalogProduct): CatalogChange[] {
  const product = after.reference
  const releases = new Map(before?.releases.map((release) => [release.version, release]))
  return [
    ...(before
      ? differences(before, after, productFields).map(
          (difference): CatalogChange => ({ what: 'product_changed', product, ...difference }),
        )
      : [{ what: 'product_added', product } as const]),
    ...after.releases.flatMap((release): CatalogChange[] => {
      const { version } = release
      const known = releases.get(version)
      if (!known) return [{ what: 'release_added', product, version }]
      return differences(known, release, releaseFields).map((difference) => ({
        what: 'release_changed',
        product,
        version,
        ...difference,
      }))
    }),
  ]
}

const productFields = [
  'name',
  'kind',
  'openSource',
  'keyKind',
  'binding',
  'description',
  'freeFeatures',
  'trialDays',
  'moreTrialDays',
  'overlapDays',
  'graceDays',
  'movesPerYear',
  'onExpiry',
  'onRevocation',
  'handsOver',
  'homepageUrl',
  'withdrawn',
  'contains',
  'prices',
] as const satisfies ProductField[]
const releaseFields = ['glpiMin', 'glpiMax', 'releasedOn'] as const satisfies ReleaseField[]

function differences<Row, Field extends keyof Row>(before: Row, after: Row, fields: readonly Field[]) {
  return fields
    .map((field) => ({ field, from: inOrder(before[field]), to: inOrder(after[field]) }))
    .filter(({ from, to }) => !isDeepStrictEqual(from, to))
}

/** In which order a list of names stands says nothing. */
const inOrder = <V>(value: V): V => (Array.isArray(value) ? (value.toSorted() as V) : value) // a copy of itself

/**
 * Whether a change of a product that was sold would rewrite the sale: what its keys are, or less of what they give. The
 * overlap and the days of a trial are not among it: each key carries its own end.
 */
function takesBack(field: ProductField, from: Value, to: Value): boolean {
  if (field === 'kind' || field === 'openSource' || field === 'keyKind' || field === 'binding') return true
  if (field === 'graceDays' || field === 'movesPerYear') return Number(to) < Number(from)
  if (field === 'contains' && Array.isArray(from) && Array.isArray(to)) {
    const kept: readonly unknown[] = to
    return from.some((reference) => !kept.includes(reference))
  }
  return to === 'disabled' && (field === 'onExpiry' || field === 'onRevocation')
}
