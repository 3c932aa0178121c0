import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { InvalidInput } from '@/lib/errors'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { applyCatalog } from './apply'
import { CatalogFileError, readCatalogFile } from './file'

const database = await productDatabase()
const by = { actor: { kind: 'system' as const } }
const example = readFileSync(new URL('../../docs/catalog.example.yaml', import.meta.url), 'utf8')
type Given = Parameters<typeof applyCatalog>[1]

/** What the file at hand is told, line by line. */
async function problems(text: string): Promise<string[]> {
  const { catalog, explain } = readCatalogFile(text)
  const error: unknown = await applyCatalog(by, catalog as Given).then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof InvalidInput)) throw new Error(`no such error: ${error}`)
  return explain(error.fields)
}

test('the example is applied whole, and once; the versions that YAML takes for numbers stay what they are', async () => {
  const { catalog } = readCatalogFile(example)
  const { changes } = await applyCatalog(by, catalog as Given)
  expect(changes.filter(({ what }) => what === 'product_added')).toHaveLength(6)
  expect((await applyCatalog(by, catalog as Given)).changes).toEqual([])
  const releases = await rowsOf(
    database,
    `select glpi_min, glpi_max from releases where version in ('3.2.0', '1.0.6') order by version`,
  )
  expect(releases).toEqual([
    { glpi_min: '9.5', glpi_max: '10.0' },
    { glpi_min: '10.0', glpi_max: '11.0' },
  ])
  const withdrawn = await rowsOf(database, 'select reference from products where withdrawn_at is not null')
  expect(withdrawn).toEqual([{ reference: 'ticketimport' }])
})

test('what is no YAML is told with its line', () => {
  expect(() => readCatalogFile('products:\n  - name: [1\n')).toThrow(CatalogFileError)
  expect(() => readCatalogFile('products:\n  - name: "x\n')).toThrow(/^line \d: /)
})

const mistakes: [string, string, string][] = [
  ['name: Workflow Studio', "name: ' '", 'products 2, name: '],
  ['trial_days: 15', 'trial_days: 20', 'line 8: products 1, trial_days: '],
  ['trial_days: 15', 'trail_days: 15', 'line 8: products 1, trail_days: there is no such field'],
  [
    'currency: usd, amount: 32000',
    'currency: USD, amount: 32000',
    'line 11: products 1, prices 2, currency: this must be a currency in three small letters, such as eur',
  ],
  [
    'currency: usd, amount: 32000',
    'currency: eur, amount: 32000',
    'line 10: products 1, prices: two prices are for the same currency and months',
  ],
  ['version: 3.0.0', 'version: latest', 'line 13: products 1, releases 1, version: this is no version'],
  ['version: 3.0.0', 'version: 3.2.0', 'line 14: products 1, releases 2, version: this stands here twice'],
  [
    'glpi_min: 10.0, glpi_max: 11.0',
    'glpi_min: 12.0, glpi_max: 11.0',
    'line 13: products 1, releases 1, glpi_max: this ends',
  ],
  [
    'released_on: 2026-04-29',
    'released_on: 2026-02-30',
    'line 13: products 1, releases 1, released_on: this is no day',
  ],
  [
    'reference: workflowstudio',
    'reference: formspro',
    'line 16: products 2, reference: this stands here twice',
  ],
  [
    'contains: [formspro, workflowstudio]',
    'contains: [formspro, nobody]',
    'line 32: products 3, contains 2: there is no such',
  ],
  [
    'contains: [formspro, workflowstudio]',
    'contains: [productivity-suite]',
    'line 32: products 3, contains: a suite cannot',
  ],
  ['kind: cloud_plan', 'kind: cloud', 'line 36: products 4, kind: '],
  [
    '    open_source: true',
    '    open_source: true\n    trial_days: 15',
    'line 56: products 6, trial_days: what is open source',
  ],
]
test.each(mistakes)('%s → %s', async (from, to, said) => {
  const text = example.replace(from, to)
  const before = await rowsOf(database, 'select reference, name from products')
  const told = await problems(text)
  expect(told.join('\n')).toContain(said)
  expect(await rowsOf(database, 'select reference, name from products')).toEqual(before)
})

test('all that is wrong is told at once, each with its line: shapes, contradictions, what stands there twice, parts that are none', async () => {
  const wrong = mistakes
    // Two that change one place.
    .filter(([from], index) => mistakes.findIndex(([other]) => other === from) === index)
    .reduce((text, [from, to]) => text.replace(from, to), example)
  const told = (await problems(wrong)).map((line) => line.replace(/^line \d+: /, ''))
  for (const said of [
    'products 1, trial_days: ',
    'products 1, prices 2, currency: ',
    'products 2, name: ',
    'products 1, releases 1, version: this is no version',
    'products 1, releases 1, glpi_max: this ends',
    'products 1, releases 1, released_on: this is no day',
    'products 2, reference: this stands here twice',
    'products 3, contains 2: there is no such',
    'products 4, kind: ',
    'products 6, trial_days: what is open source',
  ])
    expect(
      told.filter((line) => line.startsWith(said)),
      said,
    ).toHaveLength(1)
})

test.each(['', 'hello', '[]', '- 1', '7', '~'])(
  'a file that says %s is told in one sentence what it must be',
  (text) => {
    expect(() => readCatalogFile(text)).toThrow(
      /^A catalog file has one field, products: a list of one product or more, as docs\/catalog\.md says it\.$/,
    )
  },
)

const list = 'products: this must be a list of one product or more'
const product =
  'products:\n  - reference: forms\n    name: Forms\n    description: { en: Forms., fr: Formulaires. }'
const shapes: [string, string[]][] = [
  ['{}', [list]],
  ['products:', [list]],
  ['products: []', [list]],
  ['products: 7', [list]],
  ['products: [1, ~]', ['products 1: this must have fields of its own', 'products 2: this is missing']],
  [
    'products: [{}]',
    ['reference', 'name', 'description'].map((name) => `products 1, ${name}: this is missing`),
  ],
  [product.replace('Forms\n', '\n'), ['products 1, name: this is missing']],
  [product.replace('Forms\n', '""\n'), ['products 1, name: this is empty']],
  [
    product.replace('Forms\n', `${'x'.repeat(101)}\n`),
    ['products 1, name: this is longer than 100 characters'],
  ],
  [product.replace(', fr: Formulaires.', ''), ['products 1, description, fr: this is missing']],
  [product.replace('Formulaires.', '""'), ['products 1, description, fr: this is empty']],
  [product.replace('Formulaires.', '7'), ['products 1, description, fr: this must be text']],
  ...Object.entries({
    'currency: euro, amount: 1': 'currency: this must be a currency in three small letters, such as eur',
    'amount: 1': 'currency: this is missing',
    'currency: eur': 'amount: this is missing',
    'currency: eur, amount: 0': 'amount: this must be 1 or more',
    'currency: eur, amount: 290.5': 'amount: this must be a whole number',
    'currency: eur, amount: 100000000': 'amount: this must be 99999999 or less',
    'currency: eur, amount: 1, months: 37': 'months: this must be 36 or less',
    'currency: eur, amount: 1, tax: vat': 'tax: this must be one of: inclusive, exclusive',
    'currency: eur, amount: 1, vat: 20': 'vat: there is no such field',
  }).map(([fields, said]): [string, string[]] => [
    `${product}\n    prices: [{ ${fields} }]`,
    [`products 1, prices 1, ${said}`],
  ]),
  [
    `${product}\n    prices: [{ currency: eur, amount: 1, months: 12 }, { currency: eur, amount: 2 }]`,
    ['products 1, prices: two prices are for the same currency and months'],
  ],
  [product.replace(/{.*}/, 'Forms.'), ['products 1, description: this must have fields of its own']],
  ...Object.entries({
    'kind: bundle': 'this must be one of: plugin, suite, cloud_plan',
    'on_expiry: never': 'this must be one of: read_only, trial_mode, disabled',
    'trial_days: 20': 'this must be one of: 15, 30',
    'open_source: perhaps': 'this must be true or false',
    'overlap_days: 61': 'this must be 60 or less',
    'grace_days: 0': 'this must be 1 or more',
    'moves_per_year: 1.5': 'this must be a whole number',
    'moves_per_year: many': 'this must be a whole number',
    'moves_per_year: 1e30': 'this must be 1000 or less',
    'homepage_url: example.com': 'this must be an address that begins with https:// or http://',
    'contains: forms': 'this must be a list',
    'free_features:': 'this must be a list',
  }).map(([line, said]): [string, string[]] => [
    `${product}\n    ${line}`,
    [`products 1, ${line.replace(/:.*/, '')}: ${said}`],
  ]),
]
test.each(shapes)('the shape of %s is told in words for whoever wrote it', async (text, said) => {
  const told = (await problems(text)).map((line) => line.replace(/^line \d: /, ''))
  expect(told).toEqual(said)
})
