import { beforeAll, describe, expect, test } from 'vitest'
import {
  type Fixture,
  makeFilled,
  onConnection,
  productDatabase,
  refusalOf,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase()

// Read before the tests are made: each table is a test of its own.
const tables = await rowsOf<{ name: string; owner: string; columns: string }>(
  database,
  `select c.relname as name,
          case c.relname when 'organizations' then 'id' else 'organization_id' end as owner,
          string_agg(quote_ident(a.attname), ', ') filter (where a.attgenerated = '' and a.attidentity = '') as columns
   from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
   where c.relkind in ('r', 'p') and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
   group by c.oid, c.relname
   having bool_or(a.attname = 'organization_id') or c.relname = 'organizations'
   order by 1`,
)

let own: Fixture
let other: Fixture

beforeAll(async () => {
  own = await makeFilled(database)
  other = await makeFilled(database, 'globex')
})

test('each table that belongs to an organization has policies, and row security that holds its owner too', async () => {
  const open = await rowsOf(
    database,
    `select c.relname, c.relrowsecurity, c.relforcerowsecurity, (select count(*)::int from pg_policy where polrelid = c.oid) as policies
     from pg_class c
     where c.relname = any($1) and (not c.relrowsecurity or not c.relforcerowsecurity
       or not exists (select from pg_policy where polrelid = c.oid))`,
    [tables.map(({ name }) => name)],
  )
  expect(open).toEqual([])
  expect(tables.length).toBeGreaterThanOrEqual(13)
})

test('a policy for everybody names the scope; only the role that owns the definer functions has one without, and what narrows', async () => {
  const lax = await rowsOf(
    database,
    `select tablename, policyname, roles::text from pg_policies
     where permissive = 'PERMISSIVE' and coalesce(qual, '') !~ 'current_organization' and coalesce(with_check, '') !~ 'current_organization'
     order by 1, 2`,
  )
  expect(lax).toEqual(
    [
      ...['activations definer_changes', 'activations definer_reads', 'api_tokens definer_reads'],
      'checks definer_adds',
      ...['handovers definer_adds', 'handovers definer_reads'],
      ...['instance_addresses definer_reads', 'instances definer_changes', 'instances definer_reads'],
      ...['keys definer_reads', 'memberships definer_reads', 'organizations definer_reads'],
      ...['adds', 'changes', 'reads'].map((what) => `question_counts definer_${what}`),
      ...['adds', 'changes', 'reads'].map((what) => `questions definer_${what}`),
      ...['revocations definer_reads', 'sealed_keys definer_reads'],
      ...['adds', 'changes', 'reads'].map((what) => `sightings definer_${what}`),
    ].map((policy) => {
      const [tablename, policyname] = policy.split(' ')
      return { tablename, policyname, roles: '{latchkey_definer}' }
    }),
  )
})

const roles = [
  ['the portal', database.appUrl],
  ['the worker', database.workerUrl],
] as const

describe.each(tables)('$name', ({ name, owner, columns }) => {
  const valuesOf = (alias: string) =>
    `select ${columns} from jsonb_populate_record(null::${name}, $1) ${alias}`

  async function rowOf(organizationId: string) {
    const [row] = await rowsOf<{ row: unknown }>(
      database,
      `select to_jsonb(t) as row from ${name} t where ${owner} = $1 limit 1`,
      [organizationId],
    )
    return JSON.stringify(row?.row)
  }
  const snapshot = () =>
    rowsOf(database, `select to_jsonb(t) as row from ${name} t order by to_jsonb(t)::text`)

  test('has a row of each organization in the fixture, so that the next tests mean something', async () => {
    for (const { organizationId } of [own, other]) {
      expect(await rowOf(organizationId), `fillOrganization() makes no row of ${name}`).toBeTypeOf('string')
    }
  })

  test.each(roles)('shows and changes nothing without an organization (%s)', async (_role, url) => {
    const before = await snapshot()
    const row = await rowOf(own.organizationId)
    await onConnection(url, async (client) => {
      await client.query('begin')
      expect((await client.query(`select from ${name}`)).rowCount).toBe(0)
      const insert = `insert into ${name} (${columns}) ${valuesOf('r')}`
      expect(await refusalOf(client, insert, [row])).toMatchObject({ code: '42501', rows: 0 })
      for (const change of [`update ${name} set ${owner} = ${owner}`, `delete from ${name}`]) {
        const refusal = await refusalOf(client, change)
        expect(['done', '42501']).toContain(refusal.code)
        expect(refusal.rows).toBe(0)
      }
      await client.query('commit')
    })
    expect(await snapshot()).toEqual(before)
  })

  test.each(roles)('shows and changes nothing of another organization (%s)', async (_role, url) => {
    const before = await snapshot()
    const row = await rowOf(own.organizationId)
    await onConnection(url, async (client) => {
      await client.query(`begin; set local latchkey.organization_id = '${other.organizationId}'`)
      const seen = await client.query(`select distinct ${owner} as owner from ${name}`)
      expect(seen.rows).toEqual([{ owner: other.organizationId }])
      const insert = `insert into ${name} (${columns}) ${valuesOf('r')}`
      expect(await refusalOf(client, insert, [row])).toMatchObject({ code: '42501', rows: 0 })
      const theirs = `${owner} = '${own.organizationId}'`
      for (const change of [
        `update ${name} set ${owner} = ${owner} where ${theirs}`,
        `delete from ${name} where ${theirs}`,
      ]) {
        const refusal = await refusalOf(client, change)
        expect(['done', '42501']).toContain(refusal.code)
        expect(refusal.rows).toBe(0)
      }
      // A row of one's own cannot be pushed over either.
      const pushed = await refusalOf(client, `update ${name} set ${owner} = '${own.organizationId}'`)
      expect(pushed).toMatchObject({ code: '42501', rows: 0 })
      await client.query('commit')
    })
    expect(await snapshot()).toEqual(before)
  })
})
