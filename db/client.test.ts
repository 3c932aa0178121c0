import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closePool } from '@/db/client'
import { Unavailable } from '@/lib/errors'
import { issuePermanentKey } from '@/lib/keys/issue'
import { migrateDatabase } from '@/sandbox/database'
import { freePort } from '@/sandbox/ports'
import { type Postgres, type StopMode, startPostgres } from '@/sandbox/postgres'
import { throwAwayFolder } from '@/sandbox/postgres-home'
import {
  bySystem,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productId,
  rowsOf,
  setEnvironment,
} from '@/sandbox/test/fixture'

// A cluster of its own, because it is crashed. With commits that wait for the disk, else a crash may lose them.
const folder = throwAwayFolder()
const cluster = {
  dataDir: path.join(folder, 'postgres'),
  port: await freePort(),
  flags: ['fsync=off', 'autovacuum=off'],
}
let postgres: Postgres
let organizationId: string
let input: { productId: string; instanceId: string }

beforeAll(async () => {
  postgres = await startPostgres(cluster)
  await migrateDatabase(postgres, 'latchkey')
  setEnvironment(postgres.url('latchkey', 'latchkey_app'))
  await makeCatalog()
  const own = await makeOrganization('acme')
  organizationId = own.organizationId
  input = { productId: await productId(postgres, 'legacy'), instanceId: await makeInstance(own) }
})
afterAll(async () => {
  await closePool()
  await postgres.stop('immediate')
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

/** Issues one key after the other; each is asked for under its identity until it is acknowledged. */
async function client(state: {
  stopped: boolean
  acknowledged: string[]
  unavailable: number
  firstAfter?: number
}) {
  while (!state.stopped) {
    const identity = randomUUID()
    for (let acknowledged = false; !acknowledged; ) {
      try {
        const { keyId } = await issuePermanentKey(bySystem(organizationId, identity), input)
        state.acknowledged.push(keyId)
        state.firstAfter ??= Date.now()
        acknowledged = true
      } catch (error) {
        // Anything else would be shown as a bug to whoever asked.
        if (!(error instanceof Unavailable)) throw error
        state.unavailable++
        await wait(20)
      }
    }
  }
}

test('[F2] Postgres crashes or restarts mid-request: nothing is lost, nothing done twice, and the process goes on', async () => {
  const trials = process.env.STRESS ? 20 : 2
  const modes: StopMode[] = ['immediate', 'fast']
  const state: Parameters<typeof client>[0] = { stopped: false, acknowledged: [], unavailable: 0 }
  const clients = Promise.all(Array.from({ length: 16 }, () => client(state)))
  const recovered: number[] = []
  try {
    for (const mode of modes.flatMap((one) => Array<StopMode>(trials).fill(one))) {
      const before = state.acknowledged.length
      // Mid-request: all sixteen are at it.
      while (state.acknowledged.length < before + 50) await Promise.race([clients, wait(5)])
      await postgres.stop(mode)
      postgres = await startPostgres(cluster)
      const back = Date.now()
      delete state.firstAfter
      while (!state.firstAfter) await Promise.race([clients, wait(5)])
      recovered.push(state.firstAfter - back)
    }
  } finally {
    state.stopped = true
    await clients
  }
  const [counted] = await rowsOf<Record<'keys' | 'entries' | 'runs', number>>(
    postgres,
    `select (select count(*)::int from keys) as keys,
       (select count(*)::int from audit_entries where action = 'key.issue' and outcome = 'done') as entries,
       (select count(*)::int from command_runs where command = 'key.issue') as runs`,
  )
  const { length } = state.acknowledged
  console.log(
    `[F2] ${modes.length * trials} stops, ${length} keys, ${state.unavailable} times unavailable, first success after ${recovered.join(', ')} ms`,
  )
  expect(new Set(state.acknowledged).size).toBe(length)
  expect(counted).toEqual({ keys: length, entries: length, runs: length })
  const kept = await rowsOf<{ id: string }>(postgres, 'select id from keys')
  const ids = new Set(kept.map(({ id }) => id))
  expect(state.acknowledged.filter((id) => !ids.has(id))).toEqual([])
  expect(state.unavailable).toBeGreaterThan(0)
  expect(Math.max(...recovered)).toBeLessThanOrEqual(3_000)
})
