import { expect, test } from 'vitest'
import { testDatabase } from '@/sandbox/test/database'
import { onConnection } from '@/sandbox/test/fixture'

const database = await testDatabase()

const query = async (url: string, text: string) =>
  (await onConnection(url, (client) => client.query(text))).rows

test('a test file gets a migrated database of its own', async () => {
  const rows = await query(
    database.ownerUrl,
    `select current_database() as name, to_regclass('keys') as keys`,
  )
  expect(rows).toEqual([{ name: database.name, keys: 'keys' }])
})

test('no role of a test is a superuser, the owner of the database neither', async () => {
  for (const url of [database.ownerUrl, database.appUrl, database.workerUrl]) {
    const rows = await query(url, 'select rolsuper, rolbypassrls from pg_roles where rolname = current_user')
    expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false }])
  }
})

test('rights on the database are those of a migrated one, which a clone does not have by itself', async () => {
  await expect(query(database.appUrl, 'create temporary table t ()')).rejects.toThrow('permission denied')
})

test('the extensions that the product needs can be made without a superuser', async () => {
  const rows = await query(
    database.ownerUrl,
    `create extension if not exists pg_trgm; create extension if not exists btree_gin;
     select extname from pg_extension where extname in ('pg_trgm', 'btree_gin') order by 1`,
  ).catch((error) => error)
  // Two results before the last one's rows: pg gives a list for several statements.
  expect(rows).not.toBeInstanceOf(Error)
})
