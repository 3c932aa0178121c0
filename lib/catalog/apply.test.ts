import { expect, test } from 'vitest'
import { applyCatalog } from '@/lib/catalog/apply'
import { startSubscription } from '@/lib/subscriptions/start'
import { bySystem, makeInstance, makeOrganization, productDatabase, rowsOf } from '@/sandbox/test/fixture'

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
    fields: { 'products.1.contains.1': 'unknown_product' },
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

test('a dry run says what it would change, and changes and records nothing', async () => {
  const before = await products()
  const entries = () => rowsOf(database, 'select id from audit_entries')
  const recorded = (await entries()).length
  const given = { reference: 'forms', name: 'Forms Max', description }
  const { changes } = await applyCatalog(by, { products: [given], dryRun: true })
  expect(changes).toContainEqual({
    what: 'product_changed',
    product: 'forms',
    field: 'name',
    from: 'Forms Pro',
    to: 'Forms Max',
  })
  expect(await products()).toEqual(before)
  expect(await entries()).toHaveLength(recorded)
})

test('what was sold is not rewritten; a product that is withdrawn keeps its day', async () => {
  const acme = await makeOrganization('acme')
  const instanceId = await makeInstance(acme)
  const given = { reference: 'branding', name: 'Branding', description }
  await applyCatalog(by, { products: [{ ...given, graceDays: 10 }] })
  const [branding] = await rowsOf<{ id: string }>(
    database,
    `select id from products where reference = 'branding'`,
  )
  await startSubscription(bySystem(acme.organizationId), { productId: branding?.id ?? '', instanceId })
  const state = () =>
    rowsOf(
      database,
      `select name, binding, grace_days, withdrawn_at from products where reference = 'branding'`,
    )
  const before = await state()
  for (const [field, change] of [
    ['binding', { binding: 'installation' }],
    ['graceDays', { graceDays: 9 }],
  ] as const) {
    const rewriting = { ...given, graceDays: 10, name: 'Other', ...change }
    await expect(applyCatalog(by, { products: [rewriting] })).rejects.toMatchObject({
      code: 'was_sold',
      facts: { product: 'branding', field },
    })
    expect(await state()).toEqual(before)
  }
  await applyCatalog(by, { products: [{ ...given, graceDays: 10, withdrawn: true }] })
  const [withdrawn] = await state()
  expect(withdrawn?.withdrawn_at).not.toBeNull()
  await applyCatalog(by, { products: [{ ...given, graceDays: 11, withdrawn: true }] })
  expect(await state()).toEqual([{ ...withdrawn, grace_days: 11 }])
})

test('a suite that was not sold may lose a product', async () => {
  const parts = () =>
    rowsOf(
      database,
      `select p.reference from suite_products s join products p on p.id = s.product_id
       join products suite on suite.id = s.suite_id where suite.reference = 'pair' order by 1`,
    )
  const pair = { reference: 'pair', name: 'Pair', description, kind: 'suite' as const }
  const part = { reference: 'part', name: 'Part', description }
  await applyCatalog(by, { products: [part, { ...pair, contains: ['forms', 'part'] }] })
  expect(await parts()).toEqual([{ reference: 'forms' }, { reference: 'part' }])
  await applyCatalog(by, { products: [{ ...pair, contains: ['part'] }] })
  expect(await parts()).toEqual([{ reference: 'part' }])
})

test('what a suite contains becomes no suite, unless the same catalog takes it out', async () => {
  const inner = { reference: 'inner', name: 'Inner', description }
  const outer = { reference: 'outer', name: 'Outer', description, kind: 'suite' as const }
  await applyCatalog(by, { products: [inner, { ...outer, contains: ['inner'] }] })
  const became = { ...inner, kind: 'suite' as const, contains: ['forms'] }
  await expect(applyCatalog(by, { products: [became] })).rejects.toMatchObject({
    fields: { 'products.0.kind': 'in_suite' },
  })
  // And each may become what the other was.
  await applyCatalog(by, { products: [became, { ...outer, kind: 'plugin' }] })
  const kinds = `select reference, kind from products where reference in ('inner', 'outer') order by 1`
  expect(await rowsOf(database, kinds)).toEqual([
    { reference: 'inner', kind: 'suite' },
    { reference: 'outer', kind: 'plugin' },
  ])
})

test('of ten catalogs at once each is compared with what the one before has made', async () => {
  const given = { reference: 'crowd', name: 'Crowd', description, releases: [release('1.0', '10.0')] }
  const results = await Promise.all(Array.from({ length: 10 }, () => applyCatalog(by, { products: [given] })))
  expect(results.filter(({ changes }) => changes.length > 0)).toHaveLength(1)
})
