import { afterAll, expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
import { type Machine, phpClient, typescriptClient } from './test-clients'
import { signWith, TestPortal } from './test-portal'

const key = `gks1${'q'.repeat(32)}`
const day = 86_400

const php = phpPath()
const clients = [
  ['TypeScript', typescriptClient()] as const,
  ...(php ? [['PHP', phpClient(php)] as const] : []),
]
afterAll(() => {
  for (const [, client] of clients) client.end()
})

const machineOf = (portal: TestPortal): Machine => ({
  installationId: 'glpi',
  wall: portal.time * 1_000,
  steady: null,
  stored: null,
  settings: {},
})

test.each(clients)(
  'once it has the newer set, the %s client believes nothing of a key that was stolen and dropped, and until then everything',
  async (name, client) => {
    const portal = new TestPortal()
    portal.addKey(key)
    if (name === 'PHP') await portal.listen()
    const [online, offline] = [machineOf(portal), machineOf(portal)]
    await client.call(portal, online, 'activate', key)
    // What a thief makes who has the signing key, with the set that the root has signed for it.
    const file = portal.offlineFile(key, 'glpi')
    const [stolen, set] = [portal.signing, portal.keySet()]

    portal.dropSigningKey()
    expect((await client.call(portal, online, 'checkNow')).state).toMatchObject({
      entitled: true,
      service: { code: 'ok' },
    })
    const refused = await client.call(portal, online, 'useOfflineFile', file, key)
    expect(refused).toMatchObject({ refused: 'unknown_kid', state: { offline: false, entitled: true } })

    const before = (await client.call(portal, online, 'state')).state
    portal.tamper = (json) => {
      if (json.keys) return { ...json, signed: set }
      const [, body = ''] = String(json.lease).split('.')
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
      return {
        ...json,
        lease: signWith(stolen, 'lease+jwt', { ...claims, grace_until: claims.iat + 900 * day }),
      }
    }
    const forged = (await client.call(portal, online, 'checkNow')).state
    expect(forged).toMatchObject({ until: before.until, service: { code: 'unreachable', why: 'older_keys' } })

    // Who reaches nobody has never heard of it: that is why its file is to be fetched anew.
    const believed = await client.call(portal, offline, 'useOfflineFile', file, key)
    expect(believed).toMatchObject({ refused: null, state: { offline: true, entitled: true } })
    const fresh = portal.offlineFile(key, 'glpi')
    expect(await client.call(portal, offline, 'useOfflineFile', fresh, key)).toMatchObject({ refused: null })
    const again = await client.call(portal, offline, 'useOfflineFile', file, key)
    expect(again).toMatchObject({ refused: 'unknown_kid', state: { offline: true, entitled: true } })
    portal.close()
  },
)

test.each(clients)(
  'what the %s client has verified before is its own: refused elsewhere it goes on for the grace, and then as the product says',
  async (name, client) => {
    const portal = new TestPortal()
    portal.addKey(key)
    if (name === 'PHP') await portal.listen()
    const machine = machineOf(portal)
    const { until } = (await client.call(portal, machine, 'activate', key)).state
    portal.dropSigningKey()
    portal.addKey(key, { code: 'bound_elsewhere' })
    const state = async (verb: 'checkNow' | 'state') => (await client.call(portal, machine, verb)).state
    const refused = { key: { code: 'bound_elsewhere' }, service: { code: 'ok' } }
    expect(await state('checkNow')).toMatchObject({ ...refused, entitled: true, mode: 'grace', until })
    // Asked for more, it names the lease that it has.
    expect(portal.calls.at(-2)?.call).toContain('/refresh')
    portal.fault = 'network'
    machine.wall += 8 * day * 1_000
    expect(await state('state')).toMatchObject({ ...refused, entitled: false, mode: 'read_only' })
    portal.close()
  },
)

test.each(clients)(
  'a place whose lease was signed by a key that was dropped is given back by the %s client',
  async (name, client) => {
    const portal = new TestPortal()
    portal.addKey(key)
    if (name === 'PHP') await portal.listen()
    const machine = machineOf(portal)
    await client.call(portal, machine, 'activate', key)
    portal.dropSigningKey()
    // It hears of the newer set by asking for the time, and of nothing else.
    portal.faultAt = /activations/
    portal.fault = 'html_500'
    machine.wall -= 3_600_000
    expect((await client.call(portal, machine, 'checkNow')).state).toMatchObject({ entitled: true })
    portal.fault = null
    const given = await client.call(portal, machine, 'giveBack')
    expect(given).toMatchObject({ freesAt: portal.time + 7 * day, state: { entitled: false, key: null } })
    expect(portal.calls.at(-1)?.call).toContain('DELETE /api/v1/activations/')
    portal.close()
  },
)

test.each(clients)(
  'what a thief made the %s client believe before ends with the longest grace there is',
  async (name, client) => {
    const portal = new TestPortal()
    portal.addKey(key)
    if (name === 'PHP') await portal.listen()
    const machine = machineOf(portal)
    const stolen = portal.signing
    portal.tamper = (json) => {
      const [, body = ''] = String(json.lease).split('.')
      if (!json.lease) return json
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
      return {
        ...json,
        lease: signWith(stolen, 'lease+jwt', { ...claims, grace_until: claims.iat + 300 * day }),
      }
    }
    const issued = portal.time
    expect((await client.call(portal, machine, 'activate', key)).state.until).toBe(issued + 300 * day)
    portal.tamper = (json) => json
    portal.dropSigningKey()
    portal.addKey(key, { code: 'bound_elsewhere' })
    expect((await client.call(portal, machine, 'checkNow')).state.until).toBe(issued + 60 * day)
    portal.close()
  },
)
