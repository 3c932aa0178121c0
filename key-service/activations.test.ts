import { randomUUID } from 'node:crypto'
import { beforeAll, expect, test } from 'vitest'
import { open } from '@/lib/keys/vault'
import { startSubscription } from '@/lib/subscriptions/start'
import {
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  makeSigningKey,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'

const database = await productDatabase()
const service = await startKeyService(database)
let fixture: Fixture

beforeAll(async () => {
  await makeCatalog()
  await makeSigningKey()
  fixture = await makeOrganization('acme')
})

/** An instance with a key of Forms Pro; the key as it is pasted. */
async function sold(name = `desk-${randomUUID().slice(0, 8)}`) {
  const instanceId = await makeInstance(fixture, name)
  const { keyId } = await startSubscription(bySystem(fixture.organizationId), {
    productId: await productId(database, 'forms'),
    instanceId,
  })
  return { instanceId, keyId, key: await keyOf(keyId), url: `https://${name}.acme.example/glpi` }
}

async function keyOf(keyId: string) {
  const [row] = await rowsOf<{ cipher: Buffer; ringVersion: number }>(
    database,
    `select cipher, ring_version as "ringVersion" from keys where id = $1`,
    [keyId],
  )
  if (!row) throw new Error('no such key')
  return open(row, keyId)
}

const activate = (body: Record<string, unknown>) =>
  service.ask('POST', '/api/v1/activations', { product: 'forms', ...body })

test('the first activation binds the instance, tells its secret and gives a lease', async () => {
  const { key, instanceId, keyId } = await sold()
  const answer = await activate({ key, installation_id: 'installation-one', glpi_version: '11.0.2' })
  expect(answer.body).toMatchObject({
    activation: { environment: 'production', secret: expect.any(String) },
    lease: expect.any(String),
    verdict: { valid: true, code: 'ok', notes: [] },
  })
  expect(answer.status).toBe(201)
  const rows = await rowsOf(
    database,
    `select i.installation_id, k.first_seen_at is not null as seen from instances i join keys k on k.id = $2 where i.id = $1`,
    [instanceId, keyId],
  )
  expect(rows).toEqual([{ installation_id: 'installation-one', seen: true }])
})
