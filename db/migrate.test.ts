import { readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { is, Table } from 'drizzle-orm'
import { getTableConfig, IndexedColumn, type PgTable } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '@/db/migrate'
import { migrateDatabase } from '@/sandbox/database'
import { freePort } from '@/sandbox/ports'
import { type Postgres, startPostgres, throwAwayFlags } from '@/sandbox/postgres'
import { throwAwayFolder } from '@/sandbox/postgres-home'
import { onConnection } from '@/sandbox/test/fixture'

// A cluster of its own, since migrating makes roles, which belong to the whole of one.
const folder = throwAwayFolder()
let postgres: Postgres

beforeAll(async () => {
  postgres = await startPostgres({
    dataDir: path.join(folder, 'postgres'),
    port: await freePort(),
    flags: throwAwayFlags,
  })
})
afterAll(async () => {
  await postgres.stop('immediate')
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

const describeDatabase = () =>
  onConnection(postgres.ownerUrl, async (client) => {
    const { rows } = await client.query(
      `select 'column' as what, format('%s.%s %s', table_name, column_name, data_type) as fact
         from information_schema.columns where table_schema = 'public'
       union all select 'constraint', conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
         where connamespace = 'public'::regnamespace
       union all select 'policy', format('%s %s', tablename, policyname) from pg_policies
       union all select 'right', format('%s %s %s', grantee, privilege_type, table_name)
         from information_schema.role_table_grants where table_schema = 'public'
       union all select 'function', proname || ' ' || proowner::regrole || ' ' || coalesce(proacl::text, '')
         from pg_proc where pronamespace = 'public'::regnamespace
       union all select 'migration', hash from migrations.__drizzle_migrations
       order by 1, 2`,
    )
    return rows
  })

test('two servers that start at once bring an empty database to this version', async () => {
  await Promise.all([migrateDatabase(postgres, 'latchkey'), migrateDatabase(postgres, 'latchkey')])
  const facts = await describeDatabase()
  expect(facts.filter(({ what }) => what === 'policy').length).toBeGreaterThan(40)
})

/** Each index that `db/schema` names, with its columns; what is computed is `*`. */
async function indexesOfSchema() {
  const folder = path.join(import.meta.dirname, 'schema')
  const files = await Promise.all(readdirSync(folder).map((name) => import(path.join(folder, name))))
  const tables = files.flatMap((file) => Object.values(file)).filter((one) => is(one, Table))
  return tables.flatMap((table) =>
    // db/schema has tables of Postgres alone
    getTableConfig(table as PgTable).indexes.map(({ config }) => {
      const columns = config.columns.map((column) =>
        is(column, IndexedColumn) ? snakeCase(column.name ?? '') : '*',
      )
      return `${config.unique ? 'unique ' : ''}${config.name} ${columns.join(' ')}`
    }),
  )
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

test('the migrated database has each index that the schema names, over the same columns', async () => {
  await migrateDatabase(postgres, 'latchkey')
  const named = await indexesOfSchema()
  const { rows } = await onConnection(postgres.ownerUrl, (client) =>
    client.query<{ index: string }>(
      `select concat_ws(' ', case when indisunique then 'unique' end, c.relname, (
         select string_agg(coalesce(a.attname, '*'), ' ' order by k.at) from unnest(indkey) with ordinality k(num, at)
           left join pg_attribute a on a.attrelid = indrelid and a.attnum = k.num and k.num > 0)) as index
       from pg_index join pg_class c on c.oid = indexrelid where c.relnamespace = 'public'::regnamespace`,
    ),
  )
  const made = new Set(rows.map(({ index }) => index))
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((index) => !made.has(index))).toEqual([])
})

test('migrating again changes nothing', async () => {
  const before = await describeDatabase()
  await migrateDatabase(postgres, 'latchkey')
  expect(await describeDatabase()).toEqual(before)
})

test('while one server migrates, the other works on', async () => {
  const [count] = await Promise.all([
    onConnection(postgres.url('latchkey', 'latchkey_app'), async (client) => {
      let done = 0
      for (; done < 50; done++) await client.query('select count(*) from keys')
      return done
    }),
    migrateDatabase(postgres, 'latchkey'),
  ])
  expect(count).toBe(50)
})

test('another role in the address of the application is refused, as is one without a password', async () => {
  const urls = {
    owner: postgres.ownerUrl,
    app: postgres.url('latchkey', 'latchkey_app'),
    worker: postgres.url('latchkey', 'latchkey_worker'),
    keyService: postgres.url('latchkey', 'latchkey_key_service'),
  }
  await expect(migrate({ ...urls, app: urls.owner })).rejects.toThrow('must name the role latchkey_app')
  const open = urls.worker.replace(/:[^:@]+@/, '@')
  await expect(migrate({ ...urls, worker: open })).rejects.toThrow('has no password')
})

test("the application's role can neither migrate nor read more of the migrations than which ran", async () => {
  await onConnection(postgres.url('latchkey', 'latchkey_app'), async (client) => {
    const { rows } = await client.query('select count(*)::int as ran from migrations.__drizzle_migrations')
    expect(rows[0].ran).toBeGreaterThanOrEqual(3)
    await expect(client.query('delete from migrations.__drizzle_migrations')).rejects.toThrow(
      'permission denied',
    )
    await expect(client.query('create table t ()')).rejects.toThrow('permission denied')
    await expect(client.query('alter table keys disable row level security')).rejects.toThrow('must be owner')
    await expect(client.query('drop policy organization_reads on keys')).rejects.toThrow('must be owner')
    await expect(client.query('truncate keys')).rejects.toThrow('permission denied')
  })
})
