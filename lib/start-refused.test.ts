import { expect, test } from 'vitest'
import { closePool, openPoolAt } from '@/db/client'
import { checkStart } from '@/lib/start'
import { onConnection, productDatabase } from '@/sandbox/test/fixture'

const database = await productDatabase()
const asOwner = (statement: string) =>
  onConnection(database.ownerUrl, async (client) => {
    await client.query(statement)
  })
const ends = 'Run npm run db:migrate, which makes the tables, and the roles with the passwords in'

test.each([
  [
    'a right that was taken',
    'revoke select on keys from latchkey_app',
    'grant select on keys to latchkey_app',
    'permission denied for table keys',
  ],
  [
    'a schema that may not be used',
    'revoke usage on schema public from latchkey_app, public',
    'grant usage on schema public to latchkey_app',
    'relation "keys" does not exist',
  ],
  [
    'a table that is not there',
    'alter table keys rename to keys_away',
    'alter table keys_away rename to keys',
    'relation "keys" does not exist',
  ],
])(
  'the database refuses the start for %s, in a sentence that names the command',
  async (_, spoil, mend, said) => {
    await expect(checkStart()).resolves.toBe(true)
    await asOwner(spoil)
    await expect(checkStart()).rejects.toThrow(`The database answers: ${said}. ${ends}`)
    await asOwner(mend)
    await expect(checkStart()).resolves.toBe(true)
  },
)

test.each([
  [
    'password',
    'password authentication failed for user "latchkey_app"',
    (url: URL) => Object.assign(url, { password: 'another' }),
  ],
  [
    'database',
    'database "nowhere" does not exist',
    (url: URL) => Object.assign(url, { pathname: '/nowhere' }),
  ],
  [
    'role',
    'password authentication failed for user "nobody_here"',
    (url: URL) => Object.assign(url, { username: 'nobody_here' }),
  ],
])('it refuses another %s in the same way', async (_, said, change) => {
  const { DATABASE_URL = '' } = process.env
  await closePool()
  openPoolAt(change(new URL(DATABASE_URL)).href)
  await expect(checkStart()).rejects.toThrow(`The database answers: ${said}. ${ends}`)
  await closePool()
  openPoolAt(DATABASE_URL)
})
