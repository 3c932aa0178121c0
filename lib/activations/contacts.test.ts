import { randomUUID } from 'node:crypto'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { asOrganization } from '@/db/scope'
import { retireInstance } from '@/lib/instances/retire'
import { revokeKey } from '@/lib/keys/revoke'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { startSubscription } from '@/lib/subscriptions/start'
import {
  bySystem,
  type Fixture,
  makeCatalog,
  makeInstance,
  makeOrganization,
  productDatabase,
  productId,
  rowsOf,
} from '@/sandbox/test/fixture'
import { quietInstances } from './contacts'

const database = await productDatabase()
const now = new Date()
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000)
let own: Fixture
let turn = 0

beforeAll(makeCatalog)
beforeEach(async () => {
  turn++
  own = await makeOrganization(`acme-${turn}`)
})

const quiet = () => asOrganization(own.organizationId, (tx) => quietInstances(tx, own.organizationId, now))

async function subscriptionOf(instanceId: string, product: 'forms' | 'branding' = 'forms') {
  const bought = { productId: await productId(database, product), instanceId }
  return startSubscription(bySystem(own.organizationId), bought)
}

/** Its GLPI called so long ago, with an answer that goes on for so long; hours before now, negative ones after. */
async function calls(
  { instanceId, keyId }: { instanceId: string; keyId: string },
  { last, until, givenBack }: { last: number; until: number; givenBack?: number },
) {
  const installation = `of-${instanceId}`
  const values = [own.organizationId, keyId, instanceId, installation]
  await rowsOf(database, 'update instances set installation_id = $1 where id = $2', [
    installation,
    instanceId,
  ])
  await rowsOf(
    database,
    `insert into sightings (organization_id, key_id, instance_id, installation_id, first_at, last_at)
     values ($1, $2, $3, $4, $5, $5)`,
    [...values, hoursAgo(last)],
  )
  await rowsOf(
    database,
    `insert into activations (id, organization_id, key_id, instance_id, installation_id, environment, exclusive, secret_hash,
       lease_ends_at, created_at, refreshed_at, given_back_at)
     values ($5, $1, $2, $3, $4, 'production', true, sha256('x'), $6, $7, $7, $8)`,
    [
      ...values,
      randomUUID(),
      hoursAgo(until),
      hoursAgo(900),
      givenBack === undefined ? null : hoursAgo(givenBack),
    ],
  )
}

async function instanceThat(label: string, said: Parameters<typeof calls>[1]) {
  const instanceId = await makeInstance(own, label)
  const bought = await subscriptionOf(instanceId)
  await calls({ instanceId, ...bought }, said)
  return { instanceId, ...bought }
}

test('what stopped is told from what is silent, each the latest first, and whoever called within a day is neither', async () => {
  await instanceThat('fresh', { last: 24, until: -100 })
  await instanceThat('earlier', { last: 300, until: 132 })
  const stopped = await instanceThat('stopped', { last: 200, until: 32 })
  await instanceThat('silent', { last: 72, until: -96 })
  const found = await quiet()
  expect(found).toMatchObject({
    stopped: [{ label: 'stopped' }, { label: 'earlier' }],
    silent: [{ label: 'silent', contact: 'silent', until: hoursAgo(-96) }],
    more: false,
  })
  expect(found.stopped[0]).toEqual({
    id: stopped.instanceId,
    label: 'stopped',
    contact: 'stopped',
    products: ['Forms Pro'],
    lastAt: hoursAgo(200),
    until: hoursAgo(32),
  })
})

test('of a GLPI that calls, a plugin that stopped is named, and that alone', async () => {
  const { instanceId } = await instanceThat('desk', { last: 3, until: -100 })
  const { keyId } = await subscriptionOf(instanceId, 'branding')
  await calls({ instanceId, keyId }, { last: 200, until: 32 })
  const { stopped, silent } = await quiet()
  expect(silent).toEqual([])
  expect(stopped).toMatchObject([{ label: 'desk', lastAt: hoursAgo(200), until: hoursAgo(32) }])
  expect(stopped[0]?.products).toEqual(['Branding'])
})

test('who gave the key back, whose key works no more or is another by now, and what is retired, is expected to be quiet', async () => {
  const said = { last: 200, until: 32 }
  await instanceThat('given-back', { ...said, givenBack: 199 })
  const revoked = await instanceThat('revoked', said)
  await revokeKey(bySystem(own.organizationId), { keyId: revoked.keyId, reason: 'leaked' })
  const replaced = await instanceThat('replaced', said)
  const retired = await instanceThat('retired', said)
  await retireInstance(bySystem(own.organizationId), { instanceId: retired.instanceId })
  const moved = await instanceThat('moved', said)
  expect((await quiet()).stopped.map(({ label }) => label).sort()).toEqual(['moved', 'replaced'])
  await renewSubscription(bySystem(own.organizationId), { subscriptionId: replaced.subscriptionId })
  await rowsOf(database, 'update keys set replaced_at = renewed_at where id = $1', [replaced.keyId])
  const other = await makeInstance(own, 'other')
  await rowsOf(database, 'update keys set instance_id = $1 where id = $2', [other, moved.keyId])
  expect(await quiet()).toEqual({ stopped: [], silent: [], more: false })
})

test('once a key is seen, the calls with the one before it are not looked through any more', async () => {
  const { instanceId, keyId, subscriptionId } = await instanceThat('desk', { last: 900, until: -100 })
  const { keyId: next } = await renewSubscription(bySystem(own.organizationId), { subscriptionId })
  const followed = () =>
    rowsOf(database, 'select key_id as of, followed from sightings where instance_id = $1 order by last_at', [
      instanceId,
    ])
  expect(await followed()).toEqual([{ of: keyId, followed: false }])
  await calls({ instanceId, keyId: next }, { last: 3, until: -100 })
  expect(await followed()).toEqual([
    { of: keyId, followed: true },
    { of: next, followed: false },
  ])
})
