import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { chownSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, expect, test, vi } from 'vitest'
import { closePool, openPoolAt } from '@/db/client'
import { signHeads } from '@/lib/audit/sign-heads'
import { type ChainFault, readSignedHeads, verifyTrail } from '@/lib/audit/verify-trail'
import { fingerprint, open } from '@/lib/keys/vault'
import { startSubscription } from '@/lib/subscriptions/start'
import { migrateDatabase } from '@/sandbox/database'
import { freePort } from '@/sandbox/ports'
import { type Postgres, startPostgres } from '@/sandbox/postgres'
import { throwAwayFolder } from '@/sandbox/postgres-home'
import {
  bySystem,
  type Fixture,
  makeCatalog,
  makeOrganization,
  onConnection,
  productId,
  rowsOf,
  setEnvironment,
} from '@/sandbox/test/fixture'

// Read when the log is made, which is before anything else here.
vi.hoisted(() => {
  process.env.LOG_LEVEL = 'silent'
})

const trials = 3
const clients = 8
const folder = throwAwayFolder()
const headsFile = path.join(folder, 'heads.jsonl')
// Nothing here waits for the disk; the log, which a backup lives by, is written as in production.
const flags = ['fsync=off', 'wal_keep_size=1GB']
const clusters: Postgres[] = []

async function cluster(name: string): Promise<Postgres> {
  const options = { dataDir: path.join(folder, name), port: await freePort(), flags }
  const postgres = await startPostgres(options)
  clusters.push(postgres)
  return postgres
}

afterAll(async () => {
  await closePool()
  for (const postgres of clusters) await postgres.stop('immediate')
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

/** Copies a folder that is being written; a file that is gone meanwhile is no fault. */
async function copy(from: string, to: string) {
  const { stderr } = await promisify(execFile)('cp', ['-a', from, to]).catch(
    (error: { stderr: string }) => error,
  )
  const lines = stderr.split('\n').filter((line) => line && !line.includes('No such file or directory'))
  if (lines.length > 0) throw new Error(lines.join('\n'))
}

/**
 * A backup of the running server's files with what it wrote meanwhile, by hand, since the binaries that are here bring no
 * pg_dump: https://www.postgresql.org/docs/18/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 */
async function backUp(server: Postgres, to: string) {
  const from = path.join(folder, 'first')
  // Held open: the backup belongs to the session.
  await onConnection(server.url('postgres', 'postgres'), async (client) => {
    await client.query(`select pg_backup_start('a test', true)`)
    await copy(from, to)
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)')
    rmSync(path.join(to, 'postmaster.pid'), { force: true })
    rmSync(path.join(to, 'pg_wal'), { recursive: true })
    await copy(path.join(from, 'pg_wal'), path.join(to, 'pg_wal'))
    const label = path.join(to, 'backup_label')
    writeFileSync(label, rows[0]?.labelfile ?? '')
    const { uid, gid } = statSync(to)
    chownSync(label, uid, gid)
  })
}

/** Orders, from several clients at once, until told to stop. */
function order(fixture: Fixture, forms: string) {
  const acknowledged: string[] = []
  let stopped = false
  const client = async () => {
    while (!stopped) {
      const by = bySystem(fixture.organizationId, randomUUID())
      const { keyId } = await startSubscription(by, { productId: forms, instanceId: null })
      acknowledged.push(keyId)
    }
  }
  const running = Promise.all(Array.from({ length: clients }, client))
  return {
    acknowledged,
    atLeast: async (count: number) => {
      const wanted = acknowledged.length + count
      while (acknowledged.length < wanted) await Promise.race([wait(20), running])
    },
    stop: () => {
      stopped = true
      return running
    },
  }
}

async function verified() {
  const { heads, faults } = await readSignedHeads([headsFile])
  const found: ChainFault[] = []
  const { entries } = await verifyTrail(heads, (fault) => found.push(fault))
  return { found, faults, entries }
}

async function countsIn(server: Postgres) {
  const [counted] = await rowsOf<{ keys: number; terms: number; entries: number; subscriptions: number }>(
    { ownerUrl: server.ownerUrl },
    `select (select count(*)::int from keys) as keys, (select count(*)::int from terms) as terms,
       (select count(*)::int from subscriptions) as subscriptions,
       (select count(*)::int from audit_entries where action = 'subscription.start' and outcome = 'done') as entries`,
  )
  return counted
}

test(`[F10] a backup taken while ${clients} clients order, restored to a fresh cluster, has all that was acknowledged, whole and readable (${trials} times)`, async () => {
  const first = await cluster('first')
  await migrateDatabase(first, 'latchkey')
  setEnvironment(first.url('latchkey', 'latchkey_app'), { AUDIT_HEADS_FILE: headsFile })
  await makeCatalog()
  const fixture = await makeOrganization('acme')
  const forms = await productId({ ownerUrl: first.ownerUrl }, 'cloud')
  let [restored, opened] = [0, 0]
  for (let trial = 1; trial <= trials; trial++) {
    const load = order(fixture, forms)
    await load.atLeast(100)
    await signHeads()
    const before = new Set(load.acknowledged)
    const name = `restored-${trial}`
    await backUp(first, path.join(folder, name))
    await load.atLeast(100)
    await load.stop()
    expect((await verified()).found).toEqual([])
    await closePool()

    const fresh = await cluster(name)
    await migrateDatabase(fresh, 'latchkey')
    openPoolAt(fresh.url('latchkey', 'latchkey_app'))
    const keys = await rowsOf<{ id: string; cipher: Buffer; ring_version: number; fingerprint: Buffer }>(
      { ownerUrl: fresh.ownerUrl },
      'select id, cipher, ring_version, fingerprint from keys',
    )
    expect([...before].filter((id) => !keys.some((key) => key.id === id))).toEqual([])
    const counts = await countsIn(fresh)
    expect(counts).toEqual({
      keys: keys.length,
      terms: keys.length,
      entries: keys.length,
      subscriptions: keys.length,
    })
    expect(keys.length).toBeLessThan((await countsIn(first))?.keys ?? 0)
    for (const { id, cipher, ring_version: ringVersion, fingerprint: stored } of keys) {
      expect(fingerprint(open({ cipher, ringVersion }, id)).equals(stored)).toBe(true)
      opened++
    }
    expect(await verified()).toMatchObject({ found: [], faults: [] })
    // It is a server that serves.
    await startSubscription(bySystem(fixture.organizationId), { productId: forms, instanceId: null })
    restored += keys.length
    await closePool()
    await fresh.stop()
    openPoolAt(first.url('latchkey', 'latchkey_app'))
  }
  console.log(`[F10] ${trials} restores of ${restored} keys in all, ${opened} opened`)
}, 300_000)
