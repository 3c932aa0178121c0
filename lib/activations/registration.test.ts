import { Client } from 'pg'
import { beforeAll, expect, test, vi } from 'vitest'
import { closePool } from '@/db/client'
import { Unavailable } from '@/lib/errors'
import {
  type Fixture,
  makeCatalog,
  makeOrganization,
  onConnection,
  productDatabase,
} from '@/sandbox/test/fixture'
import { sold } from '@/sandbox/test/sold'
import { history } from './history'
import { registration } from './registration'

const database = await productDatabase()
let fixture: Fixture

beforeAll(async () => {
  await makeCatalog()
  fixture = await makeOrganization('acme')
})

test('once the installation is bound, an answer costs one statement outside any transaction', async () => {
  const call = { key: (await sold(database, fixture)).key, installationId: 'one' }
  await registration(call, 'en')
  await history.flush()
  const statements = vi.spyOn(Client.prototype, 'query')
  const answer = await registration(call, 'en')
  expect(answer.is_valid).toBe(true)
  expect(statements).toHaveBeenCalledTimes(1)
  vi.restoreAllMocks()
  await history.flush()
})

test('[F7] while the database only reads, a bound GLPI gets its verdict, and a first call none', async () => {
  const { key, instanceId } = await sold(database, fixture)
  const second = await sold(database, fixture, { reference: 'branding', onto: instanceId })
  const fresh = await sold(database, fixture)
  await registration({ key, installationId: 'two' }, 'en')
  await history.flush()
  await readOnly(true)
  try {
    // The second key was never seen before, which waits until it can be written.
    for (const one of [key, second.key])
      expect((await registration({ key: one, installationId: 'two' }, 'en')).is_valid).toBe(true)
    await expect(registration({ key: fresh.key, installationId: 'three' }, 'en')).rejects.toThrow(Unavailable)
  } finally {
    await readOnly(false)
  }
  console.log('[F7] 3 calls')
  expect((await registration({ key: fresh.key, installationId: 'three' }, 'en')).is_valid).toBe(true)
  await history.flush()
})

async function readOnly(on: boolean) {
  await closePool()
  const change = on ? 'set default_transaction_read_only = on' : 'reset default_transaction_read_only'
  await onConnection(database.ownerUrl, async (client) => {
    await client.query('set default_transaction_read_only = off')
    await client.query(`alter database ${database.name} ${change}`)
  })
}
