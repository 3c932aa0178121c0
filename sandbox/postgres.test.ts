import { rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { isAlive } from '@/sandbox/lock'
import { freePort } from '@/sandbox/ports'
import { startPostgres, throwAwayFlags } from '@/sandbox/postgres'
import { throwAwayFolder } from '@/sandbox/postgres-home'
import { onConnection } from '@/sandbox/test/fixture'

const folder = throwAwayFolder()
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

const options = { dataDir: path.join(folder, 'postgres'), port: await freePort(), flags: throwAwayFlags }

const ask = async (url: string, text: string) =>
  (await onConnection(url, (client) => client.query(text))).rows

test('data outlives a clean stop and a crash', async () => {
  let postgres = await startPostgres(options)
  await ask(postgres.ownerUrl, 'create table kept (n int); insert into kept values (7)')
  for (const mode of ['fast', 'immediate'] as const) {
    await postgres.stop(mode)
    expect(isAlive(postgres.pid)).toBe(false)
    postgres = await startPostgres(options)
    expect(await ask(postgres.ownerUrl, 'select n from kept')).toEqual([{ n: 7 }])
  }
  await postgres.stop()
})

test('a second server on the same data is refused while the first runs', async () => {
  const postgres = await startPostgres(options)
  await expect(startPostgres({ ...options, port: await freePort() })).rejects.toThrow('is in use by process')
  await postgres.stop()
})

test('a port that is taken is named, and leaves the data free for the next start', async () => {
  const other = await startPostgres({ ...options, dataDir: path.join(folder, 'other') })
  await expect(startPostgres(options)).rejects.toThrow('Address already in use')
  await other.stop()
  const postgres = await startPostgres(options)
  await postgres.stop()
})

test('it listens on the loopback interface alone', async () => {
  const postgres = await startPostgres(options)
  const rows = await ask(
    // Where it listens is shown to the superuser alone.
    postgres.url('postgres', 'postgres'),
    `select name, setting from pg_settings where name in ('listen_addresses', 'unix_socket_directories') order by 1`,
  )
  expect(rows.map(({ setting }) => setting)).toEqual(['127.0.0.1', ''])
  await postgres.stop()
})
