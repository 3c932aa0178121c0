import { expect, test } from 'vitest'
import { applyCatalog } from '@/lib/catalog/apply'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'

const database = await productDatabase()
const by = { actor: { kind: 'system' as const } }
const description = { en: 'Made up.', fr: 'Inventé.' }

type Product = Parameters<typeof applyCatalog>[1]['products'][number]
type Price = NonNullable<Product['prices']>[number]

const apply = (reference: string, prices: Price[], more: Partial<Product> = {}, dryRun = false) =>
  applyCatalog(by, { products: [{ reference, name: 'Made up', description, prices, ...more }], dryRun })

interface Row {
  id: string
  price: string
  isCurrent: boolean
}

/** Every price that a product has or had, the oldest first. */
const pricesOf = (reference: string) =>
  rowsOf<Row>(
    database,
    `select o.id, concat_ws(' ', o.currency, o.amount, o.tax_behavior, o.months, o.binding) as price,
       o.withdrawn_at is null as "isCurrent"
     from prices o join products p on p.id = o.product_id where p.reference = $1 order by o.id`,
    [reference],
  )
const told = (rows: Row[]) => rows.map(({ price, isCurrent }) => `${price}${isCurrent ? '' : ', withdrawn'}`)

const eur: Price = { currency: 'eur', amount: 29_000 }
const usd: Price = { currency: 'usd', amount: 32_000 }

test('a price says nothing of tax or time, and is without the one and of a year', async () => {
  await apply('plain', [eur])
  expect(told(await pricesOf('plain'))).toEqual(['eur 29000 exclusive 12 url'])
})

const changed: [string, Price][] = [
  ['eur 30000 exclusive 12 url', { ...eur, amount: 30_000 }],
  ['eur 29000 inclusive 12 url', { ...eur, tax: 'inclusive' }],
]
test.each(changed)(
  'a price that becomes %s is withdrawn and another begins; the others stay the rows that they were',
  async (becomes, price) => {
    const reference = `changed-${changed.findIndex(([one]) => one === becomes)}`
    await apply(reference, [eur, usd])
    const [before, dollars] = await pricesOf(reference)
    const { changes } = await apply(reference, [price, usd])
    expect(changes).toMatchObject([{ what: 'product_changed', product: reference, field: 'prices' }])
    const after = await pricesOf(reference)
    expect(told(after)).toEqual([
      'eur 29000 exclusive 12 url, withdrawn',
      'usd 32000 exclusive 12 url',
      becomes,
    ])
    expect(after.slice(0, 2).map(({ id }) => id)).toEqual([before?.id, dollars?.id])
  },
)

test('the same prices again, in another order, change nothing', async () => {
  await apply('same', [eur, usd, { ...eur, months: 24 }])
  const before = await pricesOf('same')
  expect(before).toHaveLength(3)
  expect((await apply('same', [{ ...eur, months: 24 }, usd, eur])).changes).toEqual([])
  expect(await pricesOf('same')).toEqual(before)
})

test('a price that is left out is withdrawn; stated again it is a new one', async () => {
  await apply('gone', [eur])
  await apply('gone', [])
  expect(told(await pricesOf('gone'))).toEqual(['eur 29000 exclusive 12 url, withdrawn'])
  await apply('gone', [eur])
  expect(told(await pricesOf('gone'))).toEqual([
    'eur 29000 exclusive 12 url, withdrawn',
    'eur 29000 exclusive 12 url',
  ])
})

test('of a product that nobody bought the binding may change, and its prices follow', async () => {
  await apply('rebound', [eur])
  await apply('rebound', [eur], { binding: 'installation' })
  expect(told(await pricesOf('rebound'))).toEqual(['eur 29000 exclusive 12 installation'])
})

test('a dry run tells of a price and writes none', async () => {
  const { changes } = await apply('dry', [eur], {}, true)
  expect(changes).toMatchObject([{ what: 'product_added', product: 'dry' }])
  await apply('dry', [eur])
  const dry = await apply('dry', [usd], {}, true)
  expect(dry.changes).toMatchObject([
    { field: 'prices', from: [{ currency: 'eur' }], to: [{ currency: 'usd' }] },
  ])
  expect(told(await pricesOf('dry'))).toEqual(['eur 29000 exclusive 12 url'])
})

test.each<[string, Price[], Record<string, string>]>([
  [
    'the same currency and months twice',
    [eur, { ...eur, amount: 1, months: 12 }],
    { 'products.0.prices': 'price_twice' },
  ],
  ['a currency in capitals', [{ ...eur, currency: 'EUR' }], { 'products.0.prices.0.currency': 'currency' }],
  ['a currency by its name', [{ ...eur, currency: 'euro' }], { 'products.0.prices.0.currency': 'currency' }],
])('%s is a mistake, and nothing of that catalog is kept', async (what, prices, fields) => {
  const reference = `wrong-${what.length}`
  await expect(apply(reference, prices)).rejects.toMatchObject({ fields })
  expect(await pricesOf(reference)).toEqual([])
})
