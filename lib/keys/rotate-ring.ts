import { setTimeout as wait } from 'node:timers/promises'
import { ne, sql } from 'drizzle-orm'
import { keys } from '@/db/schema/keys'
import { asSystem } from '@/db/scope'
import { env } from '@/lib/env'
import { open, seal } from './vault'

export interface Rotation {
  /** Keys per transaction; an interruption loses at most these. */
  batch?: number
  /** Ends the rotation after the batch at hand. */
  signal?: AbortSignal
  onProgress?: (progress: { done: number; left: number }) => void
}

/**
 * Encrypts every key that is stored under an older version of the key ring again, under the newest. Each batch is one
 * transaction, so an interrupted rotation is taken up where it ended by running it again, and two at once share the work.
 * What a key is found by, its fingerprint, stays.
 * @returns how many keys this call has encrypted, and how many are left (0 unless it was interrupted).
 * @throws when a key does not open, naming its short ID; what was done before is kept.
 */
export async function rotateRing({ batch = 500, signal, onProgress }: Rotation = {}) {
  const newest = Math.max(...env().KEY_RING.keys())
  let done = 0
  let left = await countOlder(newest)
  while (left > 0 && !signal?.aborted) {
    const rotated = await rotateBatch(newest, batch)
    done += rotated
    left = await countOlder(newest)
    // Those that are left are being changed by somebody at this moment.
    if (rotated === 0 && left > 0) await wait(50)
    onProgress?.({ done, left })
  }
  return { done, left }
}

function countOlder(newest: number): Promise<number> {
  return asSystem('count the keys to rotate', async (tx) => {
    const [row] = await tx
      .select({ count: sql<number>`count(*)::int` })
      .from(keys)
      .where(ne(keys.ringVersion, newest))
    return row?.count ?? 0
  })
}

function rotateBatch(newest: number, batch: number): Promise<number> {
  return asSystem('rotate the key ring', async (tx) => {
    const rows = await tx
      .select({ id: keys.id, shortId: keys.shortId, cipher: keys.cipher, ringVersion: keys.ringVersion })
      .from(keys)
      .where(ne(keys.ringVersion, newest))
      .orderBy(keys.ringVersion)
      .limit(batch)
      // It waits for nobody and so cannot be in a deadlock with the commands that go on meanwhile.
      .for('no key update', { skipLocked: true })
    if (rows.length === 0) return 0
    const ids = rows.map(({ id }) => id)
    const ciphers = rows.map((row) => `\\x${reseal(row).toString('hex')}`)
    await tx.execute(sql`update ${keys} set cipher = fresh.cipher, ring_version = ${newest}
      from unnest(${sql.param(ids)}::uuid[], ${sql.param(ciphers)}::bytea[]) as fresh(id, cipher)
      where ${keys.id} = fresh.id`)
    return rows.length
  })
}

function reseal(row: { id: string; shortId: string; cipher: Buffer; ringVersion: number }): Buffer {
  try {
    return seal(open(row, row.id), row.id).cipher
  } catch (cause) {
    throw new Error(`The key ${row.shortId} does not open with KEY_RING's version ${row.ringVersion}.`, {
      cause,
    })
  }
}
