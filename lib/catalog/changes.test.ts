import fc from 'fast-check'
import { expect, test } from 'vitest'
import { catalogChanges, type KnownProduct } from './changes'
import { Catalog, type CatalogProduct } from './input'

const product = (more: Partial<CatalogProduct> = {}): CatalogProduct => {
  const description = { en: 'Made up.', fr: 'Inventé.' }
  const [made] = Catalog.parse({ products: [{ reference: 'forms', name: 'Forms', description }] }).products
  if (!made) throw new Error('one was given')
  return { ...made, ...more }
}
const sold = (more: Partial<CatalogProduct> = {}): KnownProduct => ({ ...product(more), sold: true })

const takenBack: [string, Partial<CatalogProduct>, Partial<CatalogProduct>][] = [
  ['kind', { kind: 'plugin' }, { kind: 'suite' }],
  ['openSource', { openSource: false }, { openSource: true }],
  ['keyKind', { keyKind: 'subscription' }, { keyKind: 'permanent' }],
  ['binding', { binding: 'url' }, { binding: 'installation' }],
  ['graceDays', { graceDays: 7 }, { graceDays: 6 }],
  ['movesPerYear', { movesPerYear: 3 }, { movesPerYear: 2 }],
  ['contains', { contains: ['a', 'b'] }, { contains: ['b', 'c'] }],
  ['onExpiry', { onExpiry: 'read_only' }, { onExpiry: 'disabled' }],
  ['onRevocation', { onRevocation: 'trial_mode' }, { onRevocation: 'disabled' }],
]
test.each(takenBack)('%s of what was sold stays; of what was not, it changes', (field, before, after) => {
  const { changes, rewritten } = catalogChanges([sold(before)], [product(after)])
  expect(changes).toMatchObject([{ what: 'product_changed', product: 'forms', field }])
  expect(rewritten).toEqual(changes)
  const unsold = catalogChanges([{ ...product(before), sold: false }], [product(after)])
  expect(unsold).toEqual({ changes, rewritten: [] })
})

const granted: [string, Partial<CatalogProduct>, Partial<CatalogProduct>][] = [
  ['graceDays', { graceDays: 7 }, { graceDays: 8 }],
  ['movesPerYear', { movesPerYear: 3 }, { movesPerYear: 4 }],
  ['contains', { contains: ['a'] }, { contains: ['b', 'a'] }],
  ['onExpiry', { onExpiry: 'disabled' }, { onExpiry: 'read_only' }],
  ['overlapDays', { overlapDays: 14 }, { overlapDays: 0 }],
  ['trialDays', { trialDays: 15 }, { trialDays: null }],
  ['moreTrialDays', { moreTrialDays: 15 }, { moreTrialDays: 0 }],
  ['withdrawn', { withdrawn: false }, { withdrawn: true }],
  ['name', { name: 'Forms' }, { name: 'Forms Pro' }],
]
test.each(granted)('%s of what was sold may change this way', (field, before, after) => {
  const { changes, rewritten } = catalogChanges([sold(before)], [product(after)])
  expect(changes).toMatchObject([{ field }])
  expect(rewritten).toEqual([])
})

test('what is new is added, and a release that differs is named field by field', () => {
  const release = { version: '1.0', glpiMin: '10.0', glpiMax: '10.0', releasedOn: '2026-01-01' }
  const { changes } = catalogChanges(
    [sold({ releases: [release] })],
    [
      product({
        releases: [
          { ...release, glpiMax: '11.0' },
          { ...release, version: '2.0' },
        ],
      }),
      product({ reference: 'new', releases: [release] }),
    ],
  )
  expect(changes).toEqual([
    { what: 'release_changed', product: 'forms', version: '1.0', field: 'glpiMax', from: '10.0', to: '11.0' },
    { what: 'release_added', product: 'forms', version: '2.0' },
    { what: 'product_added', product: 'new' },
    { what: 'release_added', product: 'new', version: '1.0' },
  ])
})

test('what is known already changes nothing, in whatever order its lists stand', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,5}$/))
  fc.assert(
    fc.property(names, names, fc.boolean(), (contains, freeFeatures, isSold) => {
      const known = { ...product({ contains, freeFeatures }), sold: isSold }
      const given = product({ contains: contains.toReversed(), freeFeatures: freeFeatures.toReversed() })
      expect(catalogChanges([known], [given])).toEqual({ changes: [], rewritten: [] })
    }),
  )
})
