import { expect, test } from 'vitest'
import * as schema from '@/db/schema/catalog'
import { onConnection, refusalOf } from '@/sandbox/test/fixture'
import { filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database } = await filledDatabase()

const release = (glpiMin: string, glpiMax: string | null, version = '1.0') =>
  `insert into releases select gen_random_uuid(), id, '${version}', '${glpiMin}', ${glpiMax ? `'${glpiMax}'` : 'null'}, '2026-01-01'
   from products limit 1`

const wrong: Wrong[] = [
  [
    'a trial of an open-source product',
    'products_open_source',
    () => `update products set trial_days = 15 where open_source`,
  ],
  [
    'a trial of 20 days',
    'products_trial_days',
    () => `update products set trial_days = 20 where reference = 'forms'`,
  ],
  [
    'a trial that is made longer by 31 days without asking',
    'products_more_trial_days',
    () => `update products set more_trial_days = 31`,
  ],
  ['a product whose keys are trials', 'products_key_kind', () => `update products set key_kind = 'trial'`],
  [
    'a release for GLPI versions that end before they begin',
    'releases_glpi_span',
    () => release('10.1', '10.0.9'),
  ],
  ['a product without a name', 'products_name', () => `update products set name = ''`],
  ['a name of a product of blanks', 'products_name', () => `update products set name = ' '`],
  ['a release without a version', 'releases_versions', () => release('10.0', null, '')],
  ['a version in words', 'releases_versions', () => release('10.0', null, 'newest')],
  ['a release from a GLPI version that is none', 'releases_versions', () => release('all', null)],
  ['a release up to a GLPI version that is none', 'releases_versions', () => release('10.0', 'eleven')],
  ['no grace', 'products_days', () => 'update products set grace_days = 0'],
  [
    'a suite that contains itself',
    'suite_products_product_fk',
    () =>
      'update suite_products set product_id = suite_id where product_id = (select min(product_id::text)::uuid from suite_products)',
  ],
  [
    'a part of a suite that becomes a suite',
    'suite_products_product_fk',
    () => `update products set kind = 'suite' where id in (select product_id from suite_products)`,
  ],
  [
    'a plugin that contains others',
    'suite_products_suite_fk',
    () => `update products set kind = 'plugin' where id in (select suite_id from suite_products)`,
  ],
]

refuses(database, schema, wrong, ['products_reference'])

test.each([
  ['10.0', '11.0'],
  ['9.5', '10.0'],
  ['11.0.5', '11.0'],
  ['11', '11.0.3'],
  ['11.0.0-rc1', '11.0'],
  ['11.0', null],
])('the database takes a release for GLPI %s to %s', async (glpiMin, glpiMax) => {
  await onConnection(database.ownerUrl, async (client) => {
    await client.query('begin')
    expect(await refusalOf(client, release(glpiMin, glpiMax))).toMatchObject({ code: 'done', rows: 1 })
  })
})
