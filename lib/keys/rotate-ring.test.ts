import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import {
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'

const database = await productDatabase()
const first = `1:${randomBytes(32).toString('base64')}`
const second = `2:${randomBytes(32).toString('base64')}`
const fingerprintSecret = randomBytes(32).toString('base64')

let own: Fixture
const stored = 60

/** The product as a process with these secrets would load it: it reads its environment once. */
async function load(ring: string, secret = fingerprintSecret) {
  await (await import('@/db/client')).closePool()
  vi.resetModules()
  Object.assign(process.env, { KEY_RING: ring, KEY_FINGERPRINT_SECRET: secret })
  return {
    ...(await import('@/lib/keys/rotate-ring')),
    ...(await import('@/lib/keys/check-ring')),
    ...(await import('@/lib/keys/vault')),
    ...(await import('@/db/client')),
    ...(await import('@/sandbox/test/fixture')),
    ...(await import('@/lib/keys/issue')),
  }
}

const versions = () =>
  rowsOf<{ version: number; count: number }>(
    database,
    'select ring_version as version, count(*)::int as count from keys group by 1 order by 1',
  )
const rows = () =>
  rowsOf<{ id: string; cipher: Buffer; ring_version: number; fingerprint: Buffer }>(
    database,
    'select * from keys order by id',
  )

beforeAll(async () => {
  const product = await load(first)
  await makeCatalog()
  own = await makeOrganization('acme')
  const instanceId = await makeInstance(own)
  const id = await productId(database, 'legacy')
  for (let count = 0; count < stored; count++) {
    await product.issuePermanentKey(product.bySystem(own.organizationId), { productId: id, instanceId })
  }
})
afterAll(async () => (await import('@/db/client')).closePool())

const original = new Map<string, { cipher: Buffer; key: string; fingerprint: Buffer }>()

beforeEach(async () => {
  // Each test begins with every key under the first version again.
  const product = await load(`${first},${second}`)
  if (original.size === 0) {
    for (const row of await rows()) {
      original.set(row.id, {
        ...row,
        key: product.open({ cipher: row.cipher, ringVersion: row.ring_version }, row.id),
      })
    }
  }
  for (const [id, { cipher }] of original) {
    await rowsOf(database, 'update keys set cipher = $1, ring_version = 1 where id = $2', [cipher, id])
  }
})

/** Every key is what it was, under the second version, with the fingerprint it had. */
async function expectRotated() {
  const product = await load(second)
  for (const row of await rows()) {
    const before = original.get(row.id)
    expect(product.open({ cipher: row.cipher, ringVersion: row.ring_version }, row.id)).toBe(before?.key)
    expect(row.fingerprint).toEqual(before?.fingerprint)
  }
  expect(await versions()).toEqual([{ version: 2, count: stored }])
}

test('every key is encrypted anew under the newest version, and is what it was', async () => {
  const { rotateRing } = await load(`${first},${second}`)
  const progress: { done: number; left: number }[] = []
  const result = await rotateRing({ batch: 25, onProgress: (one) => progress.push(one) })
  expect(result).toEqual({ done: stored, left: 0 })
  expect(progress).toEqual([
    { done: 25, left: 35 },
    { done: 50, left: 10 },
    { done: 60, left: 0 },
  ])
  await expectRotated()
})

test('an interrupted rotation keeps what it did, and the next run does the rest', async () => {
  const { rotateRing } = await load(`${first},${second}`)
  const interrupted = new AbortController()
  const result = await rotateRing({
    batch: 7,
    signal: interrupted.signal,
    onProgress: ({ done }) => done >= 21 && interrupted.abort(),
  })
  expect(result).toEqual({ done: 21, left: 39 })
  expect(await versions()).toEqual([
    { version: 1, count: 39 },
    { version: 2, count: 21 },
  ])
  expect(await rotateRing({ batch: 7 })).toEqual({ done: 39, left: 0 })
  await expectRotated()
  const product = await load(`${first},${second}`)
  expect(await product.rotateRing()).toEqual({ done: 0, left: 0 })
})

test('a rotation whose batch is cut off by the server loses that batch alone', async () => {
  const product = await load(`${first},${second}`)
  await rowsOf(
    database,
    `create function stop() returns trigger language plpgsql as $$ begin
       if (select count(*) from keys where ring_version = 2) >= 20 then raise 'cut off'; end if; return new; end $$;
     create trigger stop before update on keys for each row execute function stop()`,
  )
  await expect(product.rotateRing({ batch: 20 })).rejects.toThrow()
  await rowsOf(database, 'drop trigger stop on keys; drop function stop()')
  expect(await versions()).toEqual([
    { version: 1, count: 40 },
    { version: 2, count: 20 },
  ])
  expect(await product.rotateRing({ batch: 20 })).toEqual({ done: 40, left: 0 })
  await expectRotated()
})

test('[F11] four rotations at once share the work, while keys are issued and read', async () => {
  const product = await load(`${first},${second}`)
  const rotations = Promise.all(Array.from({ length: 4 }, () => product.rotateRing({ batch: 3 })))
  const reads = Promise.all(
    [...original].map(async ([id, { key }]) => {
      const [row] = await rowsOf<{ cipher: Buffer; ring_version: number }>(
        database,
        'select * from keys where id = $1',
        [id],
      )
      if (!row) throw new Error('a key is gone')
      expect(product.open({ cipher: row.cipher, ringVersion: row.ring_version }, id)).toBe(key)
    }),
  )
  const results = await rotations
  await reads
  expect(results.reduce((sum, { done }) => sum + done, 0)).toBe(stored)
  expect(results.map(({ left }) => left)).toEqual([0, 0, 0, 0])
  await expectRotated()
  console.log(`[F11] ${results.length} rotations of ${stored} keys`)
})

test('a key that does not open is named, and stops the rotation without harm', async () => {
  const product = await load(`${first},${second}`)
  const [row] = await rowsOf<{ id: string; short_id: string }>(
    database,
    'select id, short_id from keys limit 1',
  )
  await rowsOf(database, `update keys set cipher = '\\x00' || cipher where id = $1`, [row?.id])
  await expect(product.rotateRing()).rejects.toThrow(
    `The key ${row?.short_id} does not open with KEY_RING's version 1`,
  )
  expect(await versions()).toEqual([{ version: 1, count: stored }])
})

test('the start is let through with the secrets that fit, of each version in use', async () => {
  await expect((await load(first)).checkRing()).resolves.toBeUndefined()
  const product = await load(`${first},${second}`)
  const interrupted = new AbortController()
  await product.rotateRing({ batch: 5, signal: interrupted.signal, onProgress: () => interrupted.abort() })
  expect(await versions()).toHaveLength(2)
  await expect(product.checkRing()).resolves.toBeUndefined()
})

test('the start is refused with a ring that lacks a version in use, or has another secret for it', async () => {
  const other = randomBytes(32).toString('base64')
  await expect((await load(second)).checkRing()).rejects.toThrow('KEY_RING lacks version 1')
  await expect((await load(`1:${other},${second}`)).checkRing()).rejects.toThrow(
    'KEY_RING has another secret as version 1',
  )
  const rotated = await load(`${first},${second}`)
  await rotated.rotateRing()
  await expect((await load(first)).checkRing()).rejects.toThrow('KEY_RING lacks version 2')
})

test('the start is refused with another secret for the second of two versions in use', async () => {
  const { rotateRing } = await load(`${first},${second}`)
  const interrupted = new AbortController()
  await rotateRing({ batch: 5, signal: interrupted.signal, onProgress: () => interrupted.abort() })
  expect(await versions()).toHaveLength(2)
  const other = randomBytes(32).toString('base64')
  await expect((await load(`${first},2:${other}`)).checkRing()).rejects.toThrow(
    'KEY_RING has another secret as version 2',
  )
  await expect((await load(first)).checkRing()).rejects.toThrow('KEY_RING lacks version 2')
})

test('the start is refused with another fingerprint secret, and none of its messages holds a secret', async () => {
  const other = randomBytes(32).toString('base64')
  const error = await (await load(first, other)).checkRing().catch((thrown: Error) => thrown)
  expect(`${error}`).toContain('KEY_FINGERPRINT_SECRET is another')
  for (const secret of [other, first.slice(2)]) expect(`${error}`).not.toContain(secret)
})
