import { randomUUID } from 'node:crypto'
import { open } from '@/lib/keys/vault'
import { startSubscription } from '@/lib/subscriptions/start'
import type { TestDatabase } from '@/sandbox/test/database'
import {
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  makeSigningKey,
  productId,
  type Reference,
  rowsOf,
} from '@/sandbox/test/fixture'

/** An organization, with what is sold to it and a signing key that is published. */
export async function makeCustomer(slug: string): Promise<Fixture> {
  await makeCatalog()
  await makeSigningKey()
  return makeOrganization(slug)
}

/**
 * A key of a product for an instance, a new one unless said, or for the whole organization; the key as its administrator
 * pastes it. Beside a key that is everywhere there is a new instance as well.
 */
export async function sold(
  database: TestDatabase,
  fixture: Fixture,
  { reference = 'forms' as Reference, onto = null as string | null, everywhere = false } = {},
) {
  const name = `desk-${randomUUID().slice(0, 8)}`
  const instanceId = onto ?? (await makeInstance(fixture, name))
  const { keyId, subscriptionId, shortId } = await startSubscription(bySystem(fixture.organizationId), {
    productId: await productId(database, reference),
    instanceId: everywhere ? null : instanceId,
  })
  const url = `https://${name}.${fixture.slug}.example/glpi`
  return { instanceId, keyId, shortId, subscriptionId, url, key: await keyOf(database, keyId) }
}

export type Sold = Awaited<ReturnType<typeof sold>>

/** The string of a stored key. */
export async function keyOf(database: TestDatabase, keyId: string): Promise<string> {
  const [row] = await rowsOf<{ cipher: Buffer; ringVersion: number }>(
    database,
    `select cipher, ring_version as "ringVersion" from keys where id = $1`,
    [keyId],
  )
  if (!row) throw new Error(`there is no key ${keyId}`)
  return open(row, keyId)
}
