import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { closePool, pool } from '@/db/client'
import { unavailableWhenDown } from '@/db/failures'
import { keys } from '@/db/schema/keys'
import { asOrganization } from '@/db/scope'
import { Unavailable } from '@/lib/errors'
import { addInstance } from '@/lib/instances/add'
import { issuePermanentKey } from '@/lib/keys/issue'
import { revealKeys } from '@/lib/keys/reveal'
import { log } from '@/lib/log'
import { sessionOf } from '@/lib/people/session'
import { tokenHash } from '@/lib/people/tokens'
import {
  byMember,
  bySystem,
  type Fixture,
  fillOrganization,
  makeCatalog,
  makeOrganization,
  onConnection,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase({ DATABASE_POOL_SIZE: '10' })
let own: Fixture
let ids: Awaited<ReturnType<typeof fillOrganization>>

beforeAll(async () => {
  await makeCatalog()
  own = await makeOrganization('acme')
  ids = await fillOrganization(database, own)
})
afterAll(closePool)

test('[L5] 200 commands at once over a pool of 10: each is done or cleanly unavailable, none is lost', async () => {
  const rounds = process.env.STRESS ? 20 : 2
  const input = { productId: await productId(database, 'legacy'), instanceId: ids.instanceId }
  let unavailable = 0
  for (let round = 0; round < rounds; round++) {
    const [before] = await rowsOf<{ count: number }>(database, 'select count(*)::int as count from keys')
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, () => issuePermanentKey(bySystem(own.organizationId, randomUUID()), input)),
    )
    const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(failed.filter((error) => !(error instanceof Unavailable))).toEqual([])
    const [after] = await rowsOf<{ count: number }>(database, 'select count(*)::int as count from keys')
    expect((after?.count ?? 0) - (before?.count ?? 0)).toBe(200 - failed.length)
    unavailable += failed.length
  }
  console.log(`[L5] ${rounds * 200} commands, ${unavailable} unavailable`)
})

test('[L5] while every connection is taken, a command waits two seconds and is then cleanly unavailable', async () => {
  const taken = await Promise.all(Array.from({ length: 10 }, () => pool().connect()))
  try {
    const began = performance.now()
    const command = asOrganization(own.organizationId, async () => 'done')
    // Not for ever: who waits on would keep the connections from being given back below.
    await expect(Promise.race([command, wait(10_000, 'still waiting')])).rejects.toBeInstanceOf(Unavailable)
    const waited = performance.now() - began
    expect(waited).toBeGreaterThan(1_900)
    console.log(`[L5] 1 command, after ${Math.round(waited)} ms`)
  } finally {
    for (const client of taken) client.release()
  }
})

test('[F7] while the database is read-only, writes answer Unavailable and change nothing, and reads answer', async () => {
  const token = 'a cookie that was used an hour ago'
  await rowsOf(
    database,
    `insert into sessions (token_hash, person_id, expires, last_used_at, created_at, device)
     values ($1, $2, now() + interval '1 day', now() - interval '1 hour', now() - interval '1 hour', 'a test')`,
    [tokenHash(token).toString('base64url'), own.people.owner],
  )
  const everything = () =>
    rowsOf(
      database,
      'select (select count(*) from keys) as keys, (select count(*) from audit_entries) as entries',
    )
  const before = await everything()
  const trials = 10
  await rowsOf(database, `alter database ${database.name} set default_transaction_read_only = on`)
  try {
    // The setting is that of new connections.
    await closePool()
    for (let trial = 0; trial < trials; trial++) {
      const member = byMember(own, 'owner')
      const writes = [
        addInstance(member, { label: 'x', url: 'https://x.example', environment: 'production' }),
        revealKeys(member, { keyIds: [ids.keyId], how: 'shown' }),
        issuePermanentKey(bySystem(own.organizationId), { productId: randomUUID(), instanceId: null }),
        // A refusal has an entry to write.
        addInstance(byMember(own, 'viewer'), {
          label: 'x',
          url: 'https://x.example',
          environment: 'production',
        }),
      ]
      for (const write of await Promise.allSettled(writes)) {
        expect(write).toMatchObject({ status: 'rejected', reason: expect.any(Unavailable) })
      }
      const seen = await asOrganization(own.organizationId, (tx) => tx.select().from(keys))
      expect(seen.length).toBeGreaterThan(3)
      expect(await sessionOf(token)).toMatchObject({ personId: own.people.owner })
    }
  } finally {
    await closePool()
    await onConnection(database.ownerUrl, async (client) => {
      // Any session may: it is a setting, not a lock.
      await client.query('set default_transaction_read_only = off')
      await client.query(`alter database ${database.name} reset default_transaction_read_only`)
    })
  }
  expect(await everything()).toEqual(before)
  console.log(`[F7] ${trials} trials`)
})

test('a database that is not there is Unavailable, with a time to come back', async () => {
  const url = process.env.DATABASE_URL
  await closePool()
  const { openPoolAt } = await import('@/db/client')
  openPoolAt('postgres://latchkey_app:none@127.0.0.1:41499/none')
  await expect(asOrganization(own.organizationId, async () => {})).rejects.toMatchObject({
    code: 'unavailable',
    facts: { what: 'database', retryAfterSeconds: 5 },
  })
  await closePool()
  expect(process.env.DATABASE_URL).toBe(url)
})

test('a row that somebody else holds for too long is told as such, and not as an outage', async () => {
  const error = vi.spyOn(log, 'error').mockImplementation(() => {})
  const held = Object.assign(new DatabaseError('canceling statement due to lock timeout', 0, 'error'), {
    code: '55P03',
  })
  await expect(unavailableWhenDown(() => Promise.reject(held))).rejects.toThrow(Unavailable)
  expect(error.mock.calls.map(([, text]) => text)).toEqual(['somebody else holds a row for too long'])
})
