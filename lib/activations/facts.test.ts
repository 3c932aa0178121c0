import { beforeAll, expect, test } from 'vitest'
import { addInstance } from '@/lib/instances/add'
import { retireInstance } from '@/lib/instances/retire'
import { parseInstanceUrl } from '@/lib/instances/url'
import { revokeKey } from '@/lib/keys/revoke'
import { fingerprint } from '@/lib/keys/vault'
import { renewSubscription } from '@/lib/subscriptions/renew'
import { bySystem, type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { makeCustomer, sold } from '@/sandbox/test/sold'
import { activateKey } from './activate'
import { findEntitled, findKey, isFollowed, noteLease } from './facts'
import { verdictOn } from './rules'

const database = await productDatabase()
let acme: Fixture

beforeAll(async () => {
  acme = await makeCustomer('acme')
})

const day = 86_400_000

test('a refresh holds a place for no less than it was promised, as an offline file does', async () => {
  const { key, keyId } = await sold(database, acme)
  const by = { actor: { kind: 'glpi' }, organizationId: acme.organizationId } as const
  const input = { keyId, fingerprint: fingerprint(key), installationId: 'offline', secret: 'x' }
  const { activation } = await activateKey(by, input)
  const at = new Date()
  const noted = async (days: number) => {
    const given = { id: crypto.randomUUID(), endsAt: new Date(at.getTime() + days * day), at }
    expect(
      await noteLease({ activationId: activation.id, keyId, product: 'forms', named: undefined, given }),
    ).not.toBeNull()
    const [row] = await rowsOf<{ ends: Date }>(
      database,
      'select lease_ends_at as ends from activations where id = $1',
      [activation.id],
    )
    return Math.round(((row?.ends.getTime() ?? 0) - at.getTime()) / day)
  }
  expect(await noted(7)).toBe(7)
  expect(await noted(300)).toBe(300)
  expect(await noted(7)).toBe(300)
})

test('what was given back gets no lease any more', async () => {
  const { key, keyId } = await sold(database, acme)
  const by = { actor: { kind: 'glpi' }, organizationId: acme.organizationId } as const
  const input = { keyId, fingerprint: fingerprint(key), installationId: 'left', secret: 'x' }
  const { id: activationId } = (await activateKey(by, input)).activation
  const given = { id: crypto.randomUUID(), endsAt: new Date(), at: new Date() }
  const note = () => noteLease({ activationId, keyId, product: 'forms', named: undefined, given })
  expect(await note()).toBe(false)
  await rowsOf(database, 'update activations set given_back_at = now() where id = $1', [activationId])
  expect(await note()).toBeNull()
})

test('an instance that was retired is entitled to nothing', async () => {
  const { instanceId, keyId } = await sold(database, acme)
  await rowsOf(database, `update instances set installation_id = 'retiring' where id = $1`, [instanceId])
  const entitled = async () => (await findEntitled(keyId, 'retiring', new Date())).size
  expect(await entitled()).toBe(1)
  await retireInstance(bySystem(acme.organizationId), { instanceId })
  expect(await entitled()).toBe(0)
})

test('a key whose newer one was revoked is followed by none that works', async () => {
  const { keyId, subscriptionId } = await sold(database, acme)
  const by = bySystem(acme.organizationId)
  const newer = await renewSubscription(by, { subscriptionId })
  expect(await isFollowed(keyId, new Date())).toBe(true)
  await revokeKey(bySystem(acme.organizationId), { keyId: newer.keyId, reason: 'requested' })
  expect(await isFollowed(keyId, new Date())).toBe(false)
})

test('a test copy may use its original’s key until it is retired', async () => {
  const { instanceId, key } = await sold(database, acme)
  const by = bySystem(acme.organizationId)
  const url = 'https://copy.acme.example/glpi'
  const copy = await addInstance(by, { label: 'copy', url, environment: 'test', testOfId: instanceId })
  const parsed = parseInstanceUrl(url)
  const identity = parsed.ok ? parsed.identity : ''
  const caller = { installationId: 'copy', address: identity }
  await rowsOf(database, `update instances set installation_id = 'original' where id = $1`, [instanceId])
  await rowsOf(database, `update instances set installation_id = 'copy' where id = $1`, [copy.instanceId])
  const verdict = async () => {
    const found = await findKey(fingerprint(key), caller)
    if (!found) throw new Error('it was just sold')
    return verdictOn({ ...found, products: [] }, caller, [], new Date()).code
  }
  expect(await verdict()).toBe('ok')
  await retireInstance(bySystem(acme.organizationId), { instanceId: copy.instanceId })
  expect(await verdict()).toBe('bound_elsewhere')
})
