import { afterAll, expect, test } from 'vitest'
import { closePool, openPoolAt } from '@/db/client'
import { setUnchecked } from '@/lib/answer'
import { freePort } from '@/sandbox/ports'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { GET } from './route'

const database = await productDatabase()
afterAll(() => setUnchecked(false))

async function ask() {
  const answer = await GET()
  const { because } = await answer.json()
  return { status: answer.status, because, retry: answer.headers.get('retry-after') }
}
const ready = { status: 200, because: undefined, retry: null }

test('ready, until a migration is missing, and again once it is applied', async () => {
  expect(await ask()).toEqual(ready)
  const [last] = await rowsOf<{ id: number; hash: string; created_at: string }>(
    database,
    `delete from migrations.__drizzle_migrations
     where id = (select max(id) from migrations.__drizzle_migrations) returning *`,
  )
  const because = '1 migrations are not applied; run npm run db:migrate'
  expect(await ask()).toEqual({ status: 503, because, retry: '5' })
  await rowsOf(
    database,
    'insert into migrations.__drizzle_migrations (id, hash, created_at) values ($1, $2, $3)',
    [last?.id, last?.hash, last?.created_at],
  )
  expect(await ask()).toEqual(ready)
})

test('not ready while the database is gone, and again once it answers', async () => {
  await closePool()
  openPoolAt(`postgres://nobody@127.0.0.1:${await freePort()}/nothing`)
  expect(await ask()).toEqual({ status: 503, because: 'the database does not answer', retry: '5' })
  await closePool()
  openPoolAt(database.appUrl)
  expect(await ask()).toEqual(ready)
})

test('not ready before the role and the key ring have been checked', async () => {
  setUnchecked(true)
  expect(await ask()).toEqual({ status: 503, because: 'the database is being checked', retry: '5' })
  setUnchecked(false)
  expect(await ask()).toEqual(ready)
})
