import { drizzle } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import type { OrganizationTx } from '@/db/scope'
import { startSubscription } from '@/lib/subscriptions/start'
import {
  bySystem,
  type Fixture,
  fillOrganization,
  makeCatalog,
  makeInstance,
  makeOrganization,
  onConnection,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { callsOf, countedDays, lastSeen, refusedWithinWeek } from './calls'
import { quietInstances } from './contacts'
import { filesThatEnd, listOfflineFiles, offlineSummary } from './offline-files'
import { openQuestions, questionsByKey } from './questions'

const database = await productDatabase()
const now = new Date()
let acme: Fixture
let instanceId: string

/** What one organization gathers in a month: other instances have most of it, so that an index is worth its while. */
beforeAll(async () => {
  await makeCatalog()
  acme = await makeOrganization('acme')
  const own = await fillOrganization(database, acme)
  instanceId = own.instanceId
  const busy = await makeInstance(acme, 'busy')
  const { keyId } = await startSubscription(bySystem(acme.organizationId), {
    productId: await productId(database, 'forms'),
    instanceId: busy,
  })
  const many = 5_000
  const values = [acme.organizationId, keyId, busy, many]
  const past = `now() - n * interval '1 minute'`
  for (const statement of [
    `insert into checks (organization_id, key_id, instance_id, installation_id, at, asked, code, notes, calls)
       select $1::uuid, $2::uuid, case when n % 2 = 0 then $3::uuid end, 'busy', ${past}, 'refresh', case when n % 200 = 0 then 'expired' else 'ok' end, '{}', 1
       from generate_series(1, $4::int) n`,
    `insert into check_days (organization_id, key_id, instance_id, day, asked, code, calls)
       select $1::uuid, $2::uuid, $3::uuid, date '2010-01-01' + n, 'refresh', 'ok', 1 from generate_series(1, $4::int) n`,
    `insert into sightings (organization_id, key_id, instance_id, installation_id, first_at, last_at)
       select $1::uuid, $2::uuid, $3::uuid, 'busy-' || n, ${past}, now() from generate_series(1, $4::int) n`,
    `insert into questions (id, organization_id, key_id, kind, installation_id, refusal_code, first_at, last_at, calls, answer, answered_at)
       select gen_random_uuid(), $1::uuid, $2::uuid, 'installation', 'busy-' || n || $3::uuid, '7QF3XM', ${past}, now(), 1, 'not_ours', now()
       from generate_series(1, $4::int) n`,
  ])
    await rowsOf(database, statement, values)
  await rowsOf(
    database,
    `insert into offline_files (id, organization_id, activation_id, key_id, instance_id, installation_id, issued_at, works_until, api_token_id)
       select gen_random_uuid(), f.organization_id, f.activation_id, f.key_id, $1::uuid, 'busy', ${past}, now(), f.api_token_id
       from offline_files f, generate_series(1, $2::int) n`,
    [busy, many],
  )
  await rowsOf(database, 'analyze checks, check_days, sightings, questions, offline_files, keys, instances')
})

/** The plans of what is read meanwhile, as the portal's role. */
async function plansOf(read: (tx: OrganizationTx) => Promise<unknown>): Promise<string> {
  const plans: string[] = []
  await onConnection(database.appUrl, async (client) => {
    await client.query(`begin; set local latchkey.organization_id = '${acme.organizationId}'`)
    const query = async (config: pg.QueryConfig, values?: unknown[]) => {
      const { rows } = await client.query({ text: `explain ${config.text}`, values: values ?? [] })
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
      return client.query(config, values)
    }
    const db = drizzle(Object.assign(Object.create(client), { query }), { casing: 'snake_case' })
    // A scope's transaction is this, with a brand.
    await read(db as unknown as OrganizationTx)
  })
  return plans.join('\n')
}

const organizationId = () => acme.organizationId
const hot: [what: string, index: string, table: string, read: (tx: OrganizationTx) => Promise<unknown>][] = [
  [
    'the calls of an instance',
    'checks_instance',
    'checks',
    (tx) => callsOf(tx, organizationId(), instanceId, { size: 20 }),
  ],
  [
    'an instance’s own calls among those of strangers with its key',
    'checks_nowhere',
    'checks',
    (tx) => callsOf(tx, organizationId(), instanceId, { size: 20, own: true }),
  ],
  [
    'the refusals of a week',
    'checks_refused',
    'checks',
    (tx) => refusedWithinWeek(tx, organizationId(), now),
  ],
  [
    'its counted days',
    'check_days_instance',
    'check_days',
    (tx) => countedDays(tx, organizationId(), instanceId, 10),
  ],
  [
    'when its keys were seen',
    'sightings_instance',
    'sightings',
    (tx) => lastSeen(tx, organizationId(), instanceId),
  ],
  [
    'who has stopped or gone silent',
    'sightings_quiet',
    'sightings',
    (tx) => quietInstances(tx, organizationId(), now),
  ],
  ['what is asked', 'questions_open', 'questions', (tx) => openQuestions(tx, organizationId(), { size: 50 })],
  [
    'what is asked, by key',
    'questions_open',
    'questions',
    (tx) => questionsByKey(tx, organizationId(), { size: 20 }),
  ],
  [
    'its offline files',
    'offline_files_instance',
    'offline_files',
    async (tx) => listOfflineFiles(tx, organizationId(), instanceId, 20),
  ],
  [
    'its files that end',
    'offline_files_instance',
    'offline_files',
    (tx) => filesThatEnd(tx, organizationId(), instanceId, now),
  ],
  [
    'how many offline files work',
    'offline_files_instance',
    'offline_files',
    (tx) => offlineSummary(tx, organizationId(), now),
  ],
]

test.each(hot)(
  '%s: read by the index %s, and the table never as a whole',
  async (_what, index, table, read) => {
    const plan = await plansOf(read)
    expect(plan).toMatch(new RegExp(`Index (Only )?Scan .*${index} |Bitmap Index Scan on ${index} `))
    expect(plan).not.toMatch(new RegExp(`Seq Scan on ${table}\\b`))
  },
)
