import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as schema from '@/db/schema/instances'
import { parseInstanceUrl } from '@/lib/instances/url'
import addresses from '@/lib/instances/urltestdata.json'
import { onConnection } from '@/sandbox/test/fixture'
import { again, filledDatabase, refuses, type Wrong } from '@/sandbox/test/refuses'

const { database, own, ids } = await filledDatabase()

const address = (identity: string) => ({ url: `https://${identity}`, url_identity: identity })

const wrong: Wrong[] = [
  [
    'an instance retired before it was added',
    'instances_span',
    () => `update instances set retired_at = created_at - interval '1 second'`,
  ],
  [
    'an address given up before it was added',
    'instance_addresses_span',
    () => `update instance_addresses set retired_at = created_at - interval '1 second'`,
  ],
  ...[
    'https://DESK.example',
    'https://me@desk.example',
    'https://desk.example/glpi/',
    'https://desk.example//glpi',
    'https://desk.example/?id=1',
    'https://desk.example#top',
    'https://desk.example:',
    'https://desk..example',
    'https://désk.example',
    'ftp://desk.example',
    'desk.example',
    `https://desk.example/${'x'.repeat(2_048)}`,
  ].map(
    (url): Wrong => [
      `the address ${url.slice(0, 40)}`,
      'instance_addresses_url',
      () =>
        `update instance_addresses set url = '${url}',
         url_identity = regexp_replace(regexp_replace('${url}', '^https?://(www[.])*', ''), '^([^/]*):(80|443)(/|$)', '\\1\\3')
       where ordinal = 1`,
    ],
  ),
  ...[
    'sixth.example',
    'https://desk.example',
    'www.desk.example',
    'desk.example:443',
    'DESK.example',
    '',
  ].map(
    (identity): Wrong => [
      `an address https://www.desk.example:443 that is compared as "${identity}"`,
      'instance_addresses_identity_of_url',
      () =>
        `update instance_addresses set url = 'https://www.desk.example:443', url_identity = '${identity}' where ordinal = 1`,
    ],
  ),
  ...['', ' '].map(
    (id): Wrong => [
      `the installation ID "${id}"`,
      'instances_installation_id',
      () => `update instances set installation_id = '${id}'`,
    ],
  ),
  ['a label of blanks', 'instances_label', () => `update instances set label = ' '`],
  [
    'a sixth further address',
    'instance_addresses_ordinal',
    () =>
      again('instance_addresses', 'ordinal = 1', {
        id: randomUUID(),
        ordinal: 6,
        ...address('sixth.example'),
      }),
  ],
  [
    'two main addresses',
    'instance_addresses_ordinal',
    () => again('instance_addresses', 'ordinal = 0', { id: randomUUID(), ...address('second.example') }),
  ],
  [
    'one address for two instances',
    'instance_addresses_identity',
    () => again('instance_addresses', 'ordinal = 0', { id: randomUUID(), ordinal: 2 }),
  ],
  [
    'a production instance that is the test of another',
    'instances_test_of',
    () => `update instances set environment = 'production' where test_of_id is not null`,
  ],
  [
    'an instance that is its own test',
    'instances_test_of',
    () => 'update instances set test_of_id = id where test_of_id is not null',
  ],
  [
    'a test copy of a test copy',
    'instances_test_of_fk',
    () =>
      `insert into instances (id, organization_id, short_id, label, environment, test_of_id, created_at)
       select gen_random_uuid(), organization_id, 'I-ZZZZZZ', 'copy', 'test', id, now() from instances where test_of_id is not null`,
  ],
  [
    'a test instance that has a test copy',
    'instances_test_of_fk',
    () => `update instances set environment = 'test' where id = '${ids.instanceId}'`,
  ],
  [
    'an instance in use whose main address is given up',
    'instance_addresses_main',
    () => 'update instance_addresses set retired_at = now() where ordinal = 0',
  ],
  [
    'an instance in use without a main address',
    'instances_main_address',
    () =>
      `insert into instances (id, organization_id, short_id, label, environment, created_at)
       values (gen_random_uuid(), '${own.organizationId}', 'I-ZZZZZZ', 'nowhere', 'production', now())`,
  ],
  [
    'a retired instance whose address is in use',
    'instances_main_address',
    () => `update instances set retired_at = now() where id = '${ids.instanceId}'`,
  ],
  ['an instance without a label', 'instances_label', () => `update instances set label = ''`],
]

refuses(database, schema, wrong, ['instances_short_id', 'instances_installation_id_given'])

test('the database takes each address that is read, under its identity', async () => {
  const known = addresses.filter((entry) => typeof entry !== 'string').map(({ input }) => input)
  const made = fc.sample(fc.webUrl({ size: 'medium', withQueryParameters: true, withFragments: true }), 2_000)
  const spelled = [...known, ...made].flatMap((url) => [
    url,
    url.replace(/^https?:\/\//, '$&www.'),
    url.replace(/^(https?:\/\/[^/?#]+)/, '$1:443'),
    url.replace(/^(https?:\/\/[^/?#]+)/, '$1:8080'),
    ...['[2001:db8::80]:443', '10.0.0.7:80', 'désk.www.example'].map((host) =>
      url.replace(/^https?:\/\/[^/?#]+/, `http://${host}`),
    ),
  ])
  const read = spelled.map(parseInstanceUrl).filter((verdict) => verdict.ok)
  expect(read.length).toBeGreaterThan(5_000)
  const rows = read.map(({ url, identity }) => ({ id: randomUUID(), url, url_identity: identity }))
  await onConnection(database.appUrl, async (client) => {
    await client.query(`begin; set local latchkey.scope = 'system'`)
    const { rowCount } = await client.query(
      `insert into instance_addresses (id, organization_id, instance_id, ordinal, url, url_identity, created_at, retired_at)
       select r.id, i.organization_id, i.id, 1, r.url, r.url_identity, now(), now()
       from instances i, json_populate_recordset(null::instance_addresses, $1) r where i.id = $2`,
      [JSON.stringify(rows), ids.instanceId],
    )
    expect(rowCount).toBe(rows.length)
  })
})
