import { afterAll, expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
import { type Machine, phpClient, typescriptClient } from './test-clients'
import { makePair, signWith, TestPortal } from './test-portal'

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

    portal.signing = makePair()
    portal.published = [portal.signing]
    portal.version++
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
