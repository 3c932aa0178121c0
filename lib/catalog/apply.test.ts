import { expect, test } from 'vitest'
import { applyCatalog } from '@/lib/catalog/apply'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'

const database = await productDatabase()
const by = { actor: { kind: 'system' as const } }
const description = { en: 'Made up.', fr: 'Inventé.' }
const release = (version: string, glpiMin: string) => ({
  version,
  glpiMin,
  glpiMax: null,
  releasedOn: '2026-01-01',
})
const products = () => rowsOf(database, 'select reference, name, trial_days from products order by reference')

test('applying a catalog twice is applying it once; what changed is changed', async () => {
  const forms = { reference: 'forms', name: 'Forms', description, releases: [release('1.0', '10.0')] }
  await applyCatalog(by, { products: [forms] })
  await applyCatalog(by, { products: [forms] })
  await applyCatalog(by, {
    products: [
      {
        ...forms,
        name: 'Forms Pro',
        trialDays: 15,
        releases: [release('1.0', '11.0'), release('2.0', '11.0')],
      },
    ],
  })
  expect(await products()).toEqual([{ reference: 'forms', name: 'Forms Pro', trial_days: 15 }])
  const releases = await rowsOf(database, 'select version, glpi_min from releases order by version')
  expect(releases).toEqual([
    { version: '1.0', glpi_min: '11.0' },
    { version: '2.0', glpi_min: '11.0' },
  ])
})

test('a suite with a product that nobody knows is refused, and nothing of its catalog is kept', async () => {
  const before = await products()
  const catalog = [
    { reference: 'new', name: 'New', description },
    { reference: 'bundle', name: 'Bundle', description, kind: 'suite' as const, contains: ['new', 'nobody'] },
  ]
  await expect(applyCatalog(by, { products: catalog })).rejects.toMatchObject({
    fields: { bundle: 'unknown_product' },
  })
  expect(await products()).toEqual(before)
})

test('a suite may contain a product that an earlier catalog brought', async () => {
  await applyCatalog(by, {
    products: [{ reference: 'suite', name: 'Suite', description, kind: 'suite', contains: ['forms'] }],
  })
  const parts = await rowsOf(
    database,
    'select p.reference from suite_products s join products p on p.id = s.product_id',
  )
  expect(parts).toEqual([{ reference: 'forms' }])
})
