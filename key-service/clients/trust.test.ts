import { afterAll, expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
import { type Machine, phpClient, typescriptClient } from './test-clients'
import { type Claims, encode, signWith, TestPortal } from './test-portal'

const key = `gks1${'q'.repeat(32)}`
const day = 86_400
const tries = 1_000

const php = phpPath()
const clients = [typescriptClient(), ...(php ? [phpClient(php)] : [])]
afterAll(() => {
  for (const client of clients) client.end()
})

/** Lists of keys that the root has not signed, however much they look like it; each names the thief's key. */
const lists: Record<string, (real: TestPortal, thief: TestPortal) => Claims> = {
  'by another root': (_, thief) => ({ signed: thief.keySet() }),
  'by another root, of a later version': (_, thief) => ({ signed: thief.keySet(thief.root, 1_000) }),
  'by another root under the name of the right one': (real, thief) => ({
    signed: thief.keySet({ ...thief.root, kid: real.root.kid }),
  }),
  'by nobody': (_, thief) => ({
    keys: [{ kty: 'OKP', crv: 'Ed25519', x: thief.signing.x, kid: thief.signing.kid }],
  }),
  'by a key that the root vouches for': (real, thief) => ({ signed: thief.keySet(real.signing) }),
  'with the root’s signature below another list': (real, thief) => {
    const [head, , signature] = real.keySet().split('.')
    return { signed: [head, thief.keySet().split('.')[1], signature].join('.') }
  },
  'with alg none': (real, thief) => ({
    signed: `${encode({ alg: 'none', kid: real.root.kid, typ: 'keys+jwt' })}.${thief.keySet().split('.')[1]}.AA`,
  }),
  'with a key of the thief’s in the header': (real, thief) => {
    const header = encode({ alg: 'EdDSA', kid: real.root.kid, typ: 'keys+jwt', jwk: { x: thief.root.x } })
    const [, body, signature] = thief.keySet().split('.')
    return { signed: [header, body, signature].join('.') }
  },
  'that the root has signed as something else': (real, thief) => {
    const claims = JSON.parse(Buffer.from(thief.keySet().split('.')[1] ?? '', 'base64url').toString())
    return { signed: signWith(real.root, 'lease+jwt', claims) }
  },
  'of another portal of the same root': (real, thief) => {
    const claims = JSON.parse(Buffer.from(thief.keySet().split('.')[1] ?? '', 'base64url').toString())
    return { signed: signWith(real.root, 'keys+jwt', { ...claims, iss: 'https://other.example' }) }
  },
}

test.each(clients.map((client, index) => [['TypeScript', 'PHP'][index], client] as const))(
  `[A2] of ${tries} leases and times under keys that the root has not signed, the %s client believes none`,
  async (name, client) => {
    const real = new TestPortal()
    real.addKey(key)
    if (name === 'PHP') await real.listen()
    const kinds = Object.entries(lists)
    const accepted: string[] = []
    for (let number = 0; number < tries; number++) {
      const [kind, list] = kinds[number % kinds.length] ?? ['', () => ({})]
      // A client that has never asked, and one that keeps the right list.
      const machine: Machine = {
        installationId: 'glpi',
        wall: real.time * 1000,
        steady: null,
        stored: null,
        settings: {},
      }
      const known = number % (2 * kinds.length) >= kinds.length
      real.tamper = (json) => json
      if (known) await client.call(real, machine, 'activate', key)
      const thief = new TestPortal()
      thief.time = real.time + 300 * day
      thief.addKey(key)
      const tampered = new Map<unknown, string>()
      real.tamper = (json) => {
        if (json.keys) return list(real, thief)
        for (const name of ['lease', 'signed']) {
          const [head, body] = typeof json[name] === 'string' ? json[name].split('.') : []
          if (!head || !body) continue
          const { typ } = JSON.parse(Buffer.from(head, 'base64url').toString())
          const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
          const later = { grace_until: claims.iat + 900 * day, exp: claims.iat + 900 * day, iat: thief.time }
          tampered.set(typ, kind)
          return { ...json, [name]: signWith(thief.signing, typ, { ...claims, ...later }) }
        }
        return json
      }
      const before = (await client.call(real, machine, 'state')).state
      const asked = await client.call(real, machine, known ? 'checkNow' : 'activate', ...(known ? [] : [key]))
      machine.wall -= 30 * day * 1000
      const timed = await client.call(real, machine, 'checkNow')
      const { entitled, until, clockSuspect, service } = timed.state
      const believed = entitled !== before.entitled || until !== before.until || !clockSuspect
      if (believed || asked.state.service.code !== 'unreachable' || service.code !== 'unreachable') {
        accepted.push(`${kind}: ${JSON.stringify(timed)}`)
      }
      expect([...tampered.keys()].sort()).toEqual(['lease+jwt', 'time+jwt'])
    }
    real.close()
    expect(accepted).toEqual([])
    // The same answers under the root's own list are believed: it is the list that made the difference.
    const machine: Machine = {
      installationId: 'glpi',
      wall: real.time * 1000,
      steady: null,
      stored: null,
      settings: {},
    }
    if (name === 'PHP') await real.listen()
    real.tamper = (json) => json
    expect((await client.call(real, machine, 'activate', key)).state.entitled).toBe(true)
    real.close()
  },
  300_000,
)
