import { randomUUID } from 'node:crypto'
import { open } from '@/lib/keys/vault'
import { startSubscription } from '@/lib/subscriptions/start'
import type { TestDatabase } from './database'
import { bySystem, type Fixture, makeInstance, productId, type Reference, rowsOf } from './fixture'

/** A key of a product for an instance, a new one unless said; the key as it is pasted. */
export async function soldKey(
  database: TestDatabase,
  fixture: Fixture,
  { reference = 'forms' as Reference, onto = null as string | null, everywhere = false } = {},
) {
  const name = `desk-${randomUUID().slice(0, 8)}`
  const instanceId = everywhere ? null : (onto ?? (await makeInstance(fixture, name)))
  const { keyId, subscriptionId } = await startSubscription(bySystem(fixture.organizationId), {
    productId: await productId(database, reference),
    instanceId,
  })
  return { instanceId, keyId, subscriptionId, key: await keyOf(database, keyId) }
}

/** A key that was issued, opened. */
export async function keyOf(database: TestDatabase, keyId: string): Promise<string> {
  const [row] = await rowsOf<{ cipher: Buffer; ringVersion: number }>(
    database,
    `select cipher, ring_version as "ringVersion" from keys where id = $1`,
    [keyId],
  )
  if (!row) throw new Error('no such key')
  return open(row, keyId)
}
