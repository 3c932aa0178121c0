import { rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkRole } from '@/db/check-role'
import { closeLargeObjects } from '@/db/roles'
import { migrateDatabase } from '@/sandbox/database'
import { freePort } from '@/sandbox/ports'
import { type Postgres, startPostgres, throwAwayFlags } from '@/sandbox/postgres'
import { throwAwayFolder } from '@/sandbox/postgres-home'
import { onConnection, refusalOf } from '@/sandbox/test/fixture'

// A cluster of its own: roles belong to the cluster, and the other files' one has no superuser to offer.
const folder = throwAwayFolder()
let postgres: Postgres

beforeAll(async () => {
  postgres = await startPostgres({
    dataDir: path.join(folder, 'postgres'),
    port: await freePort(),
    flags: throwAwayFlags,
  })
  await migrateDatabase(postgres, 'latchkey')
  // Another than the owner of the rest, which as the maker of latchkey_app is a member of it already.
  await asSuperuser('create role releases_owner; alter table releases owner to releases_owner')
})
afterAll(async () => {
  await postgres.stop('immediate')
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

const start = (role?: string) => onConnection(postgres.url('latchkey', role), checkRole)
const asSuperuser = (statement: string) =>
  onConnection(postgres.url('latchkey', 'postgres'), (client) => client.query(statement))

test.each(['latchkey_app', 'latchkey_worker'])('%s may start', async (role) => {
  await expect(start(role)).resolves.toBeUndefined()
})

test('a superuser may not start', async () => {
  await expect(start('postgres')).rejects.toThrow(/The database role postgres is a superuser/)
})

test('the owner of the tables may not start', async () => {
  await expect(start('latchkey_owner')).rejects.toThrow(/latchkey_owner owns a table/)
})

const spoilt: [what: string, spoil: string, restore: string, says: RegExp][] = [
  [
    'bypasses row security',
    'alter role latchkey_app bypassrls',
    'alter role latchkey_app nobypassrls',
    /bypasses row security/,
  ],
  [
    'may create roles',
    'alter role latchkey_app createrole',
    'alter role latchkey_app nocreaterole',
    /may create roles/,
  ],
  [
    'owns one table',
    'alter table products owner to latchkey_app',
    'alter table products owner to latchkey_owner',
    /owns a table/,
  ],
  [
    'owns the database',
    'alter database latchkey owner to latchkey_app',
    'alter database latchkey owner to latchkey_owner; grant connect on database latchkey to latchkey_app, latchkey_worker',
    /owns the database/,
  ],
  [
    'is a member of the owner',
    'grant releases_owner to latchkey_app',
    'revoke releases_owner from latchkey_app',
    /is a member of releases_owner, which owns a table/,
  ],
  [
    'is a member without inheriting',
    'grant releases_owner to latchkey_app with inherit false',
    'revoke releases_owner from latchkey_app',
    /is a member of releases_owner, which owns a table/,
  ],
  [
    'is a member of a superuser',
    'grant postgres to latchkey_app',
    'revoke postgres from latchkey_app',
    /is a member of postgres, which is a superuser/,
  ],
]

test.each(spoilt)('[A15] a role that %s may not start', async (_what, spoil, restore, says) => {
  await asSuperuser(spoil)
  try {
    await expect(start('latchkey_app')).rejects.toThrow(says)
  } finally {
    await asSuperuser(restore)
  }
  await expect(start('latchkey_app')).resolves.toBeUndefined()
})

test('[A5] nobody makes large objects once a superuser has migrated; an owner who may not refuse them is told', async () => {
  const made = () =>
    onConnection(postgres.url('latchkey', 'latchkey_key_service'), async (client) => {
      await client.query('begin')
      const statements = [`lo_from_bytea(0, 'x')`, 'lo_create(0)', 'lo_creat(-1)', `lo_put(1, 0, 'x')`]
      const codes = []
      for (const statement of statements) codes.push((await refusalOf(client, `select ${statement}`)).code)
      return codes
    })
  expect(await onConnection(postgres.url('latchkey'), closeLargeObjects)).toBe(false)
  expect(await made()).toEqual(['done', 'done', 'done', '42704'])
  expect(await onConnection(postgres.url('latchkey', 'postgres'), closeLargeObjects)).toBe(true)
  expect(await made()).toEqual(['42501', '42501', '42501', '42501'])
  expect(await onConnection(postgres.url('latchkey'), closeLargeObjects)).toBe(true)
  console.log('[A5] latchkey_key_service: 4 functions')
})
