import { afterEach, expect, test } from 'vitest'
import { closePool, openPoolAt, pool } from '@/db/client'
import { productDatabase } from '@/sandbox/test/fixture'
import { readTogether } from './read-together'

const database = await productDatabase()

const read = (text: string, ...values: unknown[]) =>
  readTogether<{ n: number; pid: number }>({ text, values })
const own = 'select $1::int as n, pg_backend_pid() as pid'

/** Whoever has not given a connection back keeps it from everybody else. */
afterEach(() => expect(pool().idleCount).toBe(pool().totalCount))

test('reads of one moment share a connection, and each gets its own rows', async () => {
  const all = await Promise.all(Array.from({ length: 50 }, (_, n) => read(own, n)))
  expect(all.map(([row]) => row?.n)).toEqual(Array.from({ length: 50 }, (_, n) => n))
  expect(new Set(all.map(([row]) => row?.pid)).size).toBe(1)
})

test('a statement that fails fails alone', async () => {
  const asked = [read(own, 1), read('select 1 / $1::int as n', 0), read(own, 3)]
  const found = await Promise.allSettled(asked)
  expect(found.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('a connection that breaks fails all that are under way, and the next read has another', async () => {
  const [before] = await read(own, 1)
  const under = Promise.allSettled([read('select pg_sleep(30)::text as n'), read(own, 2)])
  await expect
    .poll(async () => {
      const ends = `select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and query like '%sleep(30)%'`
      return (await pool().query(ends, [before?.pid])).rowCount
    })
    .toBe(1)
  expect((await under).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  const [after] = await read(own, 3)
  expect(after).toMatchObject({ n: 3 })
  expect(after?.pid).not.toBe(before?.pid)
})

test('where no connection can be had each read says so, and the next one tries again', async () => {
  await closePool()
  openPoolAt('postgres://nobody@127.0.0.1:1/nowhere')
  const found = await Promise.allSettled([read(own, 1), read(own, 2)])
  expect(found.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await closePool()
  openPoolAt(database.appUrl)
  expect(await read(own, 3)).toMatchObject([{ n: 3 }])
})
