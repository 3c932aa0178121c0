import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
import { type Client, type Machine, phpClient, typescriptClient, type Verb } from './test-clients'
import { encode, faults, hash, makePair, signWith, TestPortal } from './test-portal'

const hour = 3600
const day = 24 * hour
const key = `gks1${'q'.repeat(32)}`
const otherKey = `gks1${'p'.repeat(32)}`

const php = phpPath()
const clients: [string, Client][] = [['TypeScript', typescriptClient()]]
if (php) clients.push(['PHP', phpClient(php)])

const portals: TestPortal[] = []
afterEach(() => {
  for (const portal of portals.splice(0)) portal.close()
})
afterAll(() => {
  for (const [, client] of clients) client.end()
})

async function begin(client: Client, settings: Record<string, unknown> = {}) {
  const portal = new TestPortal()
  portals.push(portal)
  await portal.listen()
  portal.addKey(key)
  const machine: Machine = {
    installationId: 'glpi-1',
    wall: portal.time * 1000,
    steady: { boot: 'first', ms: 5_000 },
    stored: null,
    settings,
  }
  const pass = (seconds: number) => {
    portal.time += seconds
    machine.wall += seconds * 1000
    if (machine.steady) machine.steady.ms += seconds * 1000
  }
  const call = (verb: Verb, ...texts: string[]) => client.call(portal, machine, verb, ...texts)
  const state = async (verb: Verb = 'state', ...texts: string[]) => (await call(verb, ...texts)).state
  /** As GLPI's cron does. */
  const live = async (days: number) => {
    for (let hours = 0; hours < days * 24; hours++) {
      pass(hour)
      await call('check')
    }
    return state()
  }
  return { portal, machine, pass, call, state, live, start: portal.time }
}

describe.each(clients)('the %s client', (_, client) => {
  test('a key that is pasted with what clings to it becomes a lease', async () => {
    const { portal, machine, state, start } = await begin(client)
    expect(await state()).toMatchObject({ key: null, entitled: false, mode: 'disabled', until: null })
    const lease = await state('activate', ` Key: ${key.toUpperCase().replace(/(....)/g, '$1\u00a0\n')} `)
    expect(lease).toMatchObject({
      key: { code: 'ok', notes: [], at: start },
      network: { code: 'ok' },
      service: { code: 'ok' },
      entitled: true,
      mode: 'full',
      until: start + 7 * day,
      offline: false,
      clockSuspect: false,
      startedAnew: false,
    })
    expect(await state()).toEqual(lease)
    expect(portal.calls.map(({ call }) => call)).toEqual([
      'POST /api/v1/activations',
      'GET /.well-known/jwks.json',
    ])
    expect(portal.calls[0]?.body).toMatchObject({
      key,
      product: 'formspro',
      installation_id: 'glpi-1',
      product_version: '3.2.0',
      glpi_version: '11.0.2',
      nonce: expect.stringMatching(/^[\w-]{22}$/),
    })
    expect(machine.stored).toContain(key)
  })

  test('a lease is refreshed when its day is over, once, naming the lease before it', async () => {
    const { portal, call, pass, state, live, start } = await begin(client)
    await call('activate', key)
    pass(day - hour)
    await call('check')
    expect(portal.calls).toHaveLength(2)
    await live(1 + 1 / 24)
    expect(portal.calls).toHaveLength(3)
    expect(portal.calls[2]).toMatchObject({
      call: 'POST /api/v1/activations/activation%20of%20glpi-1/refresh',
      body: {
        key,
        installation_id: 'glpi-1',
        lease: expect.stringMatching(/^[\w-]{36}$/),
        secret: 'kept apart',
      },
    })
    expect(portal.calls[2]?.at).toBeGreaterThanOrEqual(start + day)
    expect((await state()).until).toBe((portal.calls[2]?.at ?? 0) + 7 * day)
    await call('checkNow')
    expect(portal.calls).toHaveLength(4)
  })

  test('the permanent, the short and the nearly ended', async () => {
    const { portal, live, state, start } = await begin(client)
    portal.addKey(key, { entitledUntil: null })
    expect(await state('activate', key)).toMatchObject({ mode: 'full', until: start + 7 * day })
    portal.addKey(key, { graceDays: 1 })
    await state('activate', key)
    // The grace is as long as the time that `refresh_after` asks to wait: it is refreshed before.
    const asked = portal.calls.length
    await live(19 / 24)
    expect(portal.calls).toHaveLength(asked + 1)
    for (let days = 0; days < 3; days++) expect(await live(1)).toMatchObject({ entitled: true, mode: 'full' })
    const entitledUntil = portal.time + 20 * hour
    portal.addKey(key, { entitledUntil })
    expect(await state('activate', key)).toMatchObject({ until: entitledUntil })
    // It is extended in its last hours, and goes on without a break.
    await live(18 / 24)
    portal.addKey(key)
    await live(1 / 24)
    await live(2 / 24)
    expect(await state()).toMatchObject({ entitled: true, mode: 'full' })
  })

  test('revoked and expired act at once, each as the product says, and can be undone', async () => {
    const { portal, live, state } = await begin(client)
    await state('activate', key)
    portal.addKey(key, { code: 'revoked' })
    expect(await state('checkNow')).toMatchObject({
      key: { code: 'revoked' },
      entitled: false,
      mode: 'disabled',
    })
    expect(await state()).toMatchObject({ service: { code: 'ok' }, until: null })
    portal.fault = 'html_500'
    expect(await live(2)).toMatchObject({ key: { code: 'revoked' }, entitled: false, mode: 'disabled' })
    portal.fault = null
    portal.addKey(key, { onExpiry: 'trial_mode' })
    expect(await live(1)).toMatchObject({ key: { code: 'ok' }, entitled: true, mode: 'full' })
    portal.addKey(key, { code: 'expired' })
    expect(await state('checkNow')).toMatchObject({
      key: { code: 'expired' },
      entitled: false,
      mode: 'trial_mode',
      features: ['drawing'],
    })
  })

  test('a key ends on its second, without anybody saying so', async () => {
    const { portal, pass, state, start } = await begin(client)
    portal.addKey(key, { entitledUntil: start + 5 * day })
    await state('activate', key)
    portal.fault = 'network'
    pass(5 * day - 1)
    expect(await state('check')).toMatchObject({ entitled: true, mode: 'grace', until: start + 5 * day })
    pass(1)
    expect(await state()).toMatchObject({ entitled: false, mode: 'read_only', until: null })
  })

  test.each(['bound_elsewhere', 'unknown', 'wrong_product', 'not_started', 'a_code_of_later'])(
    '%s lengthens no lease, and shortens none',
    async (code) => {
      const { portal, live, state, start } = await begin(client)
      await state('activate', key)
      portal.addKey(key, { code })
      expect(await state('checkNow')).toMatchObject({
        key: {
          code,
          page: 'https://portal.example/keys',
          refusalCode: code === 'bound_elsewhere' ? '7QF3XM' : null,
        },
        network: { code: 'ok' },
        service: { code: 'ok' },
        entitled: true,
        mode: 'grace',
        until: start + 7 * day,
      })
      const asked = portal.calls.length
      expect(await live(6.9)).toMatchObject({ entitled: true, mode: 'grace' })
      // Its administrator solves it within a day, or asks for it.
      expect(portal.calls.length - asked).toBe(6)
      expect(await live(0.2)).toMatchObject({ entitled: false, mode: 'read_only' })
    },
  )

  test('ten days without the portal: works for the grace, then as the product says, and is back by itself', async () => {
    const { portal, live, state, start } = await begin(client)
    await state('activate', key)
    portal.fault = 'network'
    expect(await live(0.9)).toMatchObject({ mode: 'full', network: { code: 'ok' } })
    expect(await live(1.1)).toMatchObject({ mode: 'grace', until: start + 7 * day })
    for (let day = 3; day < 7; day++) expect(await live(1)).toMatchObject({ entitled: true, mode: 'grace' })
    expect(await live(0.9)).toMatchObject({ entitled: true, mode: 'grace' })
    expect(await live(0.1)).toMatchObject({ entitled: false, mode: 'read_only', key: { code: 'ok' } })
    expect(await live(2)).toMatchObject({
      entitled: false,
      network: { code: 'unreachable' },
      service: { code: 'unasked' },
    })
    portal.fault = null
    expect(await live(0.1)).toMatchObject({ entitled: true, mode: 'full', network: { code: 'ok' } })
    // And asks once a day again, no longer once an hour.
    const asked = portal.calls.length
    await live(0.9)
    expect(portal.calls).toHaveLength(asked)
  })

  test.each([...Object.keys(faults), 'hang', 'hang_within'])(
    'what is not signed says nothing about the key: %s',
    async (fault) => {
      const { portal, machine, state, pass, live } = await begin(client)
      const stand = (inTheWay: string | null) => {
        portal.fault = inTheWay
        // Only where nothing will come is the end of the wait what is tested.
        machine.settings = inTheWay?.startsWith('hang') ? { timeout: 300 } : {}
      }
      const reached = fault !== 'hang'
      const unreached = {
        network: { code: reached ? 'ok' : 'unreachable' },
        service: { code: reached ? 'unreachable' : 'unasked' },
      }
      stand(fault)
      expect(await state('activate', key)).toMatchObject({ key: null, entitled: false, ...unreached })
      stand(null)
      pass(2 * hour)
      // The key waits until it can be asked for.
      expect(await state('check')).toMatchObject({ key: { code: 'ok' }, entitled: true, mode: 'full' })
      stand(fault)
      expect(await state('checkNow')).toMatchObject({ key: { code: 'ok' }, entitled: true, ...unreached })
      // Nobody follows where it leads, and nobody listens without end.
      expect(portal.seen.filter((address) => !/^\/api\/v1\/activations|jwks.json$/.test(address))).toEqual([])
      expect(portal.sent).toBeLessThan(32_000_000)
      stand(null)
      expect(await live(0.1)).toMatchObject({ network: { code: 'ok' }, service: { code: 'ok' } })
    },
  )

  test.each([
    ['proxy_page', 'not_json 200'],
    ['captive_portal', 'redirect 302'],
    ['html_500', 'not_json 500'],
    ['json_list', 'not_json 200'],
    ['unavailable', 'no_signature'],
    ['too_long', 'too_long 200'],
    ['refused_fields', 'invalid_input url nonce'],
    ['refused_nothing', 'no_signature'],
  ])('support is told what was seen: %s', async (fault, why) => {
    const { portal, state } = await begin(client)
    portal.fault = fault
    expect(await state('activate', key)).toMatchObject({ service: { code: 'unreachable', why } })
  })

  test('where the network breaks while the keys are fetched, it is the network', async () => {
    const { portal, state } = await begin(client)
    portal.faultAt = /jwks/
    portal.fault = 'network'
    expect(await state('activate', key)).toMatchObject({
      entitled: false,
      network: { code: 'unreachable' },
      service: { code: 'unasked' },
    })
    portal.fault = 'html_500'
    expect(await state('checkNow')).toMatchObject({
      network: { code: 'ok' },
      service: { code: 'unreachable' },
    })
  })

  test('nobody listens, and no such host', async () => {
    const { portal, state } = await begin(client)
    portal.close()
    expect(await state('activate', key)).toMatchObject({
      network: { code: 'unreachable', why: 'connection' },
      service: { code: 'unasked' },
    })
    portal.address = 'http://no-such-host.invalid'
    expect(await state('checkNow')).toMatchObject({ network: { code: 'unreachable', why: 'dns' } })
  })

  /** Answers that are signed, but not for this question, this key, this product or this GLPI. */
  const forged: [string, (portal: TestPortal, claims: Record<string, unknown>) => string | undefined][] = [
    ['another nonce', (portal, claims) => signWith(portal.signing, 'lease+jwt', { ...claims, nonce: 'x' })],
    ['no nonce', (portal, { nonce: _, ...claims }) => signWith(portal.signing, 'lease+jwt', claims)],
    [
      'another issuer',
      (portal, claims) => signWith(portal.signing, 'lease+jwt', { ...claims, iss: 'https://x.y' }),
    ],
    [
      'another product',
      (portal, claims) => signWith(portal.signing, 'lease+jwt', { ...claims, aud: 'other' }),
    ],
    [
      'another installation',
      (portal, claims) => signWith(portal.signing, 'lease+jwt', { ...claims, installation_id: 'glpi-2' }),
    ],
    [
      'another key',
      (portal, claims) => signWith(portal.signing, 'lease+jwt', { ...claims, key_sha256: hash(otherKey) }),
    ],
    ['a verdict as a lease', (portal, claims) => signWith(portal.signing, 'verdict+jwt', claims)],
    [
      'an offline file as a lease',
      (portal, claims) =>
        signWith(portal.signing, 'lease+jwt', { ...claims, refresh_after: null, grace_until: null }),
    ],
    [
      'times that are no numbers',
      (portal, claims) => signWith(portal.signing, 'lease+jwt', { ...claims, iat: '1' }),
    ],
    ['signed by a stranger', (_, claims) => signWith(makePair(), 'lease+jwt', claims)],
    [
      'signed by a stranger under the name of the key',
      (portal, claims) => signWith({ ...makePair(), kid: portal.signing.kid }, 'lease+jwt', claims),
    ],
    ['alg ES256', (portal, claims) => signWith(portal.signing, 'lease+jwt', claims, { alg: 'ES256' })],
    [
      'a further header',
      (portal, claims) => signWith(portal.signing, 'lease+jwt', claims, { crit: ['exp'] }),
    ],
    [
      'an unknown ending',
      (portal, claims) => signWith(portal.signing, 'lease+jwt', { ...claims, on_expiry: 'x' }),
    ],
    [
      'an end that is no number',
      (portal, claims) => signWith(portal.signing, 'lease+jwt', { ...claims, entitled_until: '' }),
    ],
    [
      'an end before its beginning',
      (portal, claims) => signWith(portal.signing, 'lease+jwt', { ...claims, exp: Number(claims.iat) - 1 }),
    ],
    [
      'alg none',
      (portal, claims) =>
        `${encode({ alg: 'none', kid: portal.signing.kid, typ: 'lease+jwt' })}.${encode(claims)}.`,
    ],
    [
      'alg none with a signature',
      (portal, claims) =>
        `${encode({ alg: 'none', kid: portal.signing.kid, typ: 'lease+jwt' })}.${encode(claims)}.${'A'.repeat(86)}`,
    ],
    [
      'alg HS256 by the public key',
      (portal, claims) =>
        `${encode({ alg: 'HS256', kid: portal.signing.kid, typ: 'lease+jwt' })}.${encode(claims)}.${hash('x')}`,
    ],
  ]
  test.each(forged)('a lease with %s is none', async (_name, forge) => {
    const { portal, state } = await begin(client)
    portal.tamper = (json) => {
      if (typeof json.lease !== 'string') return json
      const claims = JSON.parse(Buffer.from(json.lease.split('.')[1] ?? '', 'base64url').toString())
      return { ...json, lease: forge(portal, claims) }
    }
    const unbelieved = {
      key: null,
      entitled: false,
      network: { code: 'ok' },
      service: { code: 'unreachable' },
    }
    expect(await state('activate', key)).toMatchObject(unbelieved)
    expect(await state()).toMatchObject(unbelieved)
  })

  test('a page of somebody else’s, and what is no refusal code, is not shown', async () => {
    const { portal, state } = await begin(client)
    portal.addKey(key, { code: 'bound_elsewhere' })
    expect(await state('activate', key)).toMatchObject({
      key: { code: 'bound_elsewhere', page: 'https://portal.example/keys', refusalCode: '7QF3XM' },
    })
    portal.tamper = (json) => ({ ...json, page: 'https://portal.example.evil/', refusal_code: 'call 555' })
    expect(await state('checkNow')).toMatchObject({ key: { page: null, refusalCode: null } })
  })

  test('notes come with a good key', async () => {
    const { portal, state } = await begin(client)
    portal.addKey(key, { notes: ['renewed'] })
    expect(await state('activate', key)).toMatchObject({
      key: { code: 'ok', notes: ['renewed'] },
      mode: 'full',
    })
  })

  test.each([
    ['a refusal that is called good', { code: 'ok' }],
    ['a refusal that is called valid', { valid: true }],
    ['a refusal of another key', { key_sha256: hash(otherKey) }],
    ['a refusal of another GLPI', { installation_id: 'glpi-2' }],
    ['a refusal without a time', { iat: null }],
  ])('%s is none', async (_name, change) => {
    const { portal, state } = await begin(client)
    await state('activate', key)
    portal.addKey(key, { code: 'revoked' })
    portal.tamper = (json) => {
      if (typeof json.signed !== 'string' || json.keys) return json
      const claims = JSON.parse(Buffer.from(json.signed.split('.')[1] ?? '', 'base64url').toString())
      return { ...json, signed: signWith(portal.signing, 'verdict+jwt', { ...claims, ...change }) }
    }
    expect(await state('checkNow')).toMatchObject({
      key: { code: 'ok' },
      entitled: true,
      service: { code: 'unreachable', why: 'wrong_claims' },
    })
  })

  test('a refusal of yesterday is not one of today', async () => {
    const { portal, state } = await begin(client)
    portal.addKey(key, { code: 'revoked' })
    let refusal: Record<string, unknown> | undefined
    portal.tamper = (json) => {
      if (json.code === 'revoked') refusal ??= json
      return json
    }
    await state('activate', key)
    portal.addKey(key)
    await state('checkNow')
    portal.tamper = (json) => (json.lease ? (refusal ?? json) : json)
    expect(await state('checkNow')).toMatchObject({
      key: { code: 'ok' },
      entitled: true,
      service: { code: 'unreachable', why: 'wrong_nonce' },
    })
  })

  test('keys rotate unnoticed; a list of keys that is older, or not the root’s, is refused', async () => {
    const { portal, state, live } = await begin(client)
    await state('activate', key)
    for (let times = 0; times < 3; times++) {
      portal.rotate()
      expect(await state('checkNow')).toMatchObject({ service: { code: 'ok' }, mode: 'full' })
      expect(await live(1)).toMatchObject({ service: { code: 'ok' }, mode: 'full' })
    }
    const older = { version: portal.version - 1 }
    portal.rotate()
    portal.tamper = (json) =>
      json.keys ? { ...json, signed: portal.keySet(portal.root, older.version) } : json
    expect(await state('checkNow')).toMatchObject({ service: { why: 'older_keys' }, entitled: true })
    portal.tamper = (json) => (json.keys ? { ...json, signed: portal.keySet(makePair('root-')) } : json)
    expect(await state('checkNow')).toMatchObject({ service: { why: 'untrusted_keys' }, entitled: true })
    const misnamed = { ...portal.root, kid: 'root-of-another-name' }
    portal.tamper = (json) => (json.keys ? { ...json, signed: portal.keySet(misnamed) } : json)
    expect(await state('checkNow')).toMatchObject({ service: { why: 'untrusted_keys' }, entitled: true })
    portal.tamper = (json) => json
    expect(await state('checkNow')).toMatchObject({ service: { code: 'ok' }, entitled: true })
  })

  test('a key that works is given up only for another that works', async () => {
    const { portal, state, pass } = await begin(client)
    await state('activate', key)
    expect(await state('activate', otherKey)).toMatchObject({
      key: { code: 'unknown' },
      entitled: true,
      mode: 'full',
    })
    portal.fault = 'bot_check'
    expect(await state('activate', otherKey)).toMatchObject({
      key: null,
      service: { code: 'unreachable' },
      entitled: true,
    })
    expect(await state()).toMatchObject({ key: { code: 'ok' }, entitled: true })
    portal.fault = null
    portal.addKey(otherKey, { graceDays: 3 })
    const start = portal.time
    expect(await state('activate', otherKey)).toMatchObject({ key: { code: 'ok' }, until: start + 3 * day })
    pass(2 * day)
    await state('check')
    expect(portal.calls.at(-1)?.body.key).toBe(otherKey)
  })

  test('a place that is given back entitles no more, and only the portal takes it back', async () => {
    const { portal, call, state } = await begin(client)
    await state('activate', key)
    portal.fault = 'proxy_page'
    expect(await call('giveBack')).toMatchObject({ freesAt: null, state: { entitled: true } })
    portal.fault = null
    expect(await call('giveBack')).toMatchObject({
      freesAt: portal.time + 7 * day,
      state: { entitled: false, key: null, givingBack: false, service: { code: 'ok' } },
    })
    expect(portal.calls.at(-1)?.call).toBe('DELETE /api/v1/activations/activation%20of%20glpi-1')
    const asked = portal.calls.length
    await call('checkNow')
    expect(portal.calls).toHaveLength(asked)
  })

  /** Answers to giving back that are none: unsigned, or signed for something else. */
  const notGivenBack: [string, (portal: TestPortal, claims: Record<string, unknown>) => unknown][] = [
    ['nothing', () => undefined],
    [
      'another nonce',
      (portal, claims) => signWith(portal.signing, 'given-back+jwt', { ...claims, nonce: 'x' }),
    ],
    ['no nonce', (portal, { nonce: _, ...claims }) => signWith(portal.signing, 'given-back+jwt', claims)],
    [
      'the end of another activation',
      (portal, claims) => signWith(portal.signing, 'given-back+jwt', { ...claims, sub: 'another' }),
    ],
    [
      'the end of another key’s',
      (portal, claims) =>
        signWith(portal.signing, 'given-back+jwt', { ...claims, key_sha256: hash(otherKey) }),
    ],
    [
      'a day that is none',
      (portal, claims) => signWith(portal.signing, 'given-back+jwt', { ...claims, frees_at: 'soon' }),
    ],
    ['a verdict', (portal, claims) => signWith(portal.signing, 'verdict+jwt', claims)],
    ['a stranger’s word', (_, claims) => signWith(makePair(), 'given-back+jwt', claims)],
  ]
  test.each(notGivenBack)('a place is not given back by %s beside a date', async (_name, forge) => {
    const { portal, call, state } = await begin(client)
    await state('activate', key)
    portal.tamper = (json) => {
      if (json.frees_at === undefined) return json
      const claims = JSON.parse(Buffer.from(String(json.signed).split('.')[1] ?? '', 'base64url').toString())
      return { frees_at: 'soon, says the captive portal', signed: forge(portal, claims) }
    }
    expect(await call('giveBack')).toMatchObject({
      freesAt: null,
      state: { entitled: true, givingBack: true, key: { code: 'ok' }, service: { code: 'unreachable' } },
    })
  })

  test('giving back is asked for until it is answered, and nothing else is', async () => {
    const { portal, call, state, live } = await begin(client)
    await state('activate', key)
    const freesAt = portal.time + 7 * day
    // The portal has done it; its answer is lost.
    portal.tamper = (json) => (json.frees_at === undefined ? json : {})
    expect(await call('giveBack')).toMatchObject({ freesAt: null, state: { givingBack: true } })
    portal.tamper = (json) => json
    const asked = portal.calls.length
    await live(3)
    expect(await state('checkNow')).toMatchObject({ entitled: true, givingBack: true })
    expect(portal.calls).toHaveLength(asked)
    expect(await call('giveBack')).toMatchObject({
      freesAt,
      state: { entitled: false, key: null, givingBack: false },
    })
    expect(portal.calls.slice(asked).map(({ call }) => call)).toEqual([
      'DELETE /api/v1/activations/activation%20of%20glpi-1',
    ])
  })

  test('who changes his mind about giving back enters the key again', async () => {
    const { portal, call, state, live } = await begin(client)
    await state('activate', key)
    portal.fault = 'network'
    await call('giveBack')
    portal.fault = null
    expect(await state('activate', key)).toMatchObject({ entitled: true, givingBack: false, mode: 'full' })
    expect(await live(2)).toMatchObject({ entitled: true, givingBack: false, mode: 'full' })
  })

  test.each([
    ['https://PORTAL.example:443/', 'https://portal.example'],
    ['http://portal.example:80', 'http://portal.example'],
    ['https://portal.example:8443/portal', 'https://portal.example:8443'],
  ])('the portal %s signs as %s, wherever it is called', async (address, issuer) => {
    const { portal, machine, state } = await begin(client)
    portal.issuer = issuer
    machine.settings = { portal: address }
    expect(await state('activate', key)).toMatchObject({ entitled: true, key: { page: `${issuer}/keys` } })
    machine.settings = { portal: address, service: 'http://127.0.0.1:9' }
    expect(await state('checkNow')).toMatchObject({ entitled: true, network: { code: 'unreachable' } })
  })

  test('what cannot be opened is not written over, until a key is entered', async () => {
    const { portal, machine, call, state, pass } = await begin(client)
    await state('activate', key)
    const sealed = machine.stored
    for (const verb of ['check', 'checkNow', 'giveBack'] as const) {
      machine.stored = 'what another key has encrypted'
      expect((await call(verb)).state).toMatchObject({ startedAnew: true, entitled: false })
      expect(machine.stored).toBe('what another key has encrypted')
    }
    expect(await call('useOfflineFile', 'gibberish')).toMatchObject({ state: { startedAnew: true } })
    expect(machine.stored).toBe('what another key has encrypted')
    // The right key is put back.
    machine.stored = sealed
    expect(await state('check')).toMatchObject({ startedAnew: false, entitled: true, key: { code: 'ok' } })
    machine.stored = 'what another key has encrypted'
    portal.fault = 'network'
    expect(await state('activate', key)).toMatchObject({ startedAnew: false })
    portal.fault = null
    pass(2 * hour)
    expect(await state('check')).toMatchObject({ startedAnew: false, entitled: true })
  })

  test('a state that is cut off or damaged begins anew, and says so', async () => {
    const { machine, state } = await begin(client)
    await state('activate', key)
    const whole = machine.stored ?? ''
    for (const text of [
      whole.slice(0, -1),
      whole.slice(0, 40),
      '{',
      'null',
      whole.replace('1790000', '1790001'),
    ]) {
      machine.stored = text
      expect(await state('check')).toMatchObject({
        startedAnew: true,
        entitled: false,
        key: null,
        mode: 'disabled',
      })
      expect(await state()).toMatchObject({ startedAnew: true })
    }
    expect(await state('activate', key)).toMatchObject({ startedAnew: false, entitled: true })
    machine.stored = ''
    expect(await state()).toMatchObject({ startedAnew: false, entitled: false })
  })

  test('what a person did while the cron was asking is kept', async () => {
    const { portal, machine, state } = await begin(client)
    portal.addKey(otherKey)
    await state('activate', key)
    const before = machine.stored
    await state('activate', otherKey)
    const after = machine.stored
    // The cron has read the state before the other key came, and saves after it.
    machine.stored = before
    machine.meanwhile = after
    expect(await state('checkNow')).toMatchObject({ key: { code: 'ok' }, entitled: true })
    expect(portal.calls.at(-1)?.body.key).toBe(key)
    expect(machine.stored).toBe(after)
    // A person's own deed goes before what the cron has found.
    machine.stored = after
    machine.meanwhile = before
    await state('activate', otherKey)
    await state('checkNow')
    expect(portal.calls.at(-1)?.body.key).toBe(otherKey)
  })

  test('where the portal does not know the activation any more, it is asked for another', async () => {
    const { portal, state } = await begin(client)
    await state('activate', key)
    portal.forgotten.add('activation of glpi-1')
    expect(await state('checkNow')).toMatchObject({
      key: { code: 'ok' },
      service: { code: 'ok' },
      mode: 'full',
    })
    expect(portal.calls.slice(-2).map(({ call }) => call)).toEqual([
      'POST /api/v1/activations/activation%20of%20glpi-1/refresh',
      'POST /api/v1/activations',
    ])
  })

  test('an address that GLPI has not been told is not sent', async () => {
    const { portal, machine, state } = await begin(client)
    machine.settings = { url: '' }
    await state('activate', key)
    expect(portal.calls[0]?.body).not.toHaveProperty('url')
    machine.settings = { url: 'https://glpi.example' }
    await state('checkNow')
    expect(portal.calls.at(-1)?.body).toMatchObject({ url: 'https://glpi.example', product: 'formspro' })
  })

  test('a state on another installation asks for a lease of its own', async () => {
    const { portal, machine, state } = await begin(client)
    await state('activate', key)
    machine.installationId = 'glpi-2'
    expect(await state()).toMatchObject({ entitled: false })
    expect(await state('check')).toMatchObject({ entitled: true })
    expect(portal.calls.at(-1)?.call).toBe('POST /api/v1/activations')
  })

  test('turning the clock back wins nothing, with a steady clock and without', async () => {
    for (const steady of [{ boot: 'first', ms: 0 }, null]) {
      const { portal, machine, pass, state } = await begin(client)
      machine.steady = steady
      await state('activate', key)
      portal.fault = 'network'
      for (let hours = 0; hours < 8 * 24; hours++) {
        pass(hour)
        await state('check')
        machine.wall -= hour * 1000
      }
      expect(await state()).toMatchObject(steady ? { entitled: false } : { clockSuspect: true })
      // Without a steady clock, setting it back each hour cannot be told from hours that last minutes; once is noticed.
      if (steady) continue
      machine.wall = portal.time * 1000
      expect(await state('check')).toMatchObject({ entitled: false })
      machine.wall -= 6 * day * 1000
      pass(hour)
      expect(await state('check')).toMatchObject({ entitled: false, clockSuspect: true })
    }
  })

  test('after the clock was turned back, time goes on from the latest that was seen', async () => {
    const { portal, machine, live, state } = await begin(client)
    machine.steady = null
    await state('activate', key)
    portal.fault = 'network'
    await live(3)
    machine.wall -= 2 * day * 1000
    expect(await live(3)).toMatchObject({ entitled: true, clockSuspect: true })
    expect(await live(1.1)).toMatchObject({ entitled: false })
  })

  test('a machine that was off knows by its clock for how long', async () => {
    const { portal, machine, pass, live, state } = await begin(client)
    await state('activate', key)
    portal.fault = 'network'
    await live(1)
    pass(5.9 * day)
    machine.steady = { boot: 'second', ms: 3 * day * 1000 }
    expect(await state('check')).toMatchObject({ entitled: true, mode: 'grace', clockSuspect: false })
    pass(0.2 * day)
    expect(await state()).toMatchObject({ entitled: false, clockSuspect: false })
  })

  test('while the service is out of order it is asked once in 30 to 90 minutes', async () => {
    const { portal, pass, state, call } = await begin(client)
    await state('activate', key)
    pass(3 * day)
    portal.fault = 'html_500'
    const before = portal.seen.length
    for (let minutes = 0; minutes < 24 * 60; minutes += 5) {
      await call('check')
      pass(300)
    }
    expect(portal.seen.length - before).toBeGreaterThan(16)
    expect(portal.seen.length - before).toBeLessThan(40)
  })

  test('a clock that is wrong is corrected by the portal’s time, which is asked for', async () => {
    const { portal, machine, state, start } = await begin(client)
    machine.wall += 400 * day * 1000
    expect(await state('activate', key)).toMatchObject({ entitled: true, until: start + 7 * day })
    expect(await state()).toMatchObject({ entitled: true, clockSuspect: false })
    machine.wall -= 800 * day * 1000
    expect(await state()).toMatchObject({ entitled: true, clockSuspect: true })
    expect(await state('check')).toMatchObject({ entitled: true, clockSuspect: false })
    expect(portal.calls.at(-1)?.call).toBe('GET /api/v1/time')
    machine.wall += 100 * day * 1000
    expect(await state()).toMatchObject({ entitled: false, clockSuspect: true })
    expect(await state('check')).toMatchObject({ entitled: true, clockSuspect: false })
  })

  test.each([
    [
      'of yesterday',
      (portal: TestPortal) => ({ iss: portal.issuer, iat: portal.time - day, nonce: 'of yesterday' }),
    ],
    ['without a nonce', (portal: TestPortal) => ({ iss: portal.issuer, iat: portal.time })],
  ])('a time %s is none', async (_name, claims) => {
    const { portal, machine, state } = await begin(client)
    await state('activate', key)
    machine.wall -= hour * 1000
    portal.tamper = () => ({ signed: signWith(portal.signing, 'time+jwt', claims(portal)) })
    expect(await state('check')).toMatchObject({ clockSuspect: true, service: { code: 'unreachable' } })
    const { issuer } = portal
    portal.tamper = (json) => json
    portal.issuer = 'https://other.example'
    machine.settings = { portal: issuer }
    expect(await state('checkNow')).toMatchObject({ clockSuspect: true, service: { code: 'unreachable' } })
    portal.issuer = issuer
    expect(await state('checkNow')).toMatchObject({ clockSuspect: false, service: { code: 'ok' } })
  })

  test('an offline file works to its end without a network', async () => {
    const { portal, call, pass, live, start } = await begin(client)
    portal.addKey(key, { entitledUntil: start + 100 * day })
    const file = portal.offlineFile(key, 'glpi-1')
    expect(await call('useOfflineFile', file, key)).toMatchObject({
      refused: null,
      state: {
        entitled: true,
        offline: true,
        mode: 'full',
        until: start + 100 * day,
        network: { code: 'unasked' },
      },
    })
    await live(2)
    pass(98 * day - 1)
    expect((await call('state')).state).toMatchObject({ entitled: true })
    pass(1)
    expect((await call('check')).state).toMatchObject({ entitled: false, mode: 'read_only' })
    expect(portal.calls).toEqual([])
    expect(await call('useOfflineFile', file)).toMatchObject({ refused: 'over', state: { entitled: false } })
  })

  test('an offline file of another GLPI, key or root, or no such file, changes nothing', async () => {
    const { portal, call, state, machine } = await begin(client)
    portal.addKey(otherKey)
    await state('activate', key)
    const good = JSON.parse(portal.offlineFile(key, 'glpi-1'))
    const stranger = new TestPortal()
    stranger.addKey(key)
    const online = await portal.answer('POST', '/api/v1/activations', {
      key,
      product: 'formspro',
      installation_id: 'glpi-1',
    })
    const files: [string, string][] = [
      ['wrong_claims', portal.offlineFile(key, 'glpi-2')],
      ['wrong_claims', portal.offlineFile(otherKey, 'glpi-1')],
      ['wrong_claims', portal.offlineFile(key, 'glpi-1', { aud: 'other' })],
      [
        'no_offline_file',
        portal.offlineFile(key, 'glpi-1', { refresh_after: 1, grace_until: 2_000_000_000 }),
      ],
      ['untrusted_keys', stranger.offlineFile(key, 'glpi-1')],
      [
        'unknown_kid',
        JSON.stringify({ ...good, lease: JSON.parse(stranger.offlineFile(key, 'glpi-1')).lease }),
      ],
      ['wrong_header', JSON.stringify({ ...good, lease: JSON.parse(online.body).lease })],
      ['untrusted_keys', JSON.stringify({ lease: good.lease })],
      ['no_offline_file', 'gibberish'],
      ['no_offline_file', `{"lease":"${'x'.repeat(70_000)}"}`],
    ]
    const before = await state()
    for (const [refused, file] of files) {
      expect([file.slice(0, 60), (await call('useOfflineFile', file)).refused]).toEqual([
        file.slice(0, 60),
        refused,
      ])
    }
    expect(await state()).toEqual(before)
    machine.stored = null
    for (const [, file] of files.filter(
      ([, file]) => !file.includes(portal.offlineFile(otherKey, 'glpi-1')),
    )) {
      expect((await call('useOfflineFile', file, key)).state.entitled).toBe(false)
    }
  })

  test('an offline file with any bit flipped, cut, or joined is refused', async () => {
    const { portal, call, machine } = await begin(client)
    const file = portal.offlineFile(key, 'glpi-1')
    const accepted: string[] = []
    const offer = async (text: string) => {
      machine.stored = null
      const { state, refused } = await call('useOfflineFile', text, key)
      if (state.entitled || refused === null) accepted.push(text)
    }
    const places = [...file].map((_, at) => at)
    for (const at of places) {
      // All bits of all places in a run at full size; one of each place, another in each run, else.
      const bits = process.env.STRESS ? [0, 1, 2, 3, 4, 5, 6] : [Math.floor(Math.random() * 7)]
      for (const bit of bits) {
        const flipped = Buffer.from(file)
        flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << bit), at)
        await offer(flipped.toString('latin1'))
      }
    }
    const { lease, key_set } = JSON.parse(file)
    const [head, body, signature] = lease.split('.')
    for (const text of [
      `${lease}.`,
      `${lease}.${signature}`,
      `${head}.${body}`,
      `${lease}=`,
      `${head}.${body}.`,
      ` ${lease}`,
    ]) {
      await offer(JSON.stringify({ lease: text, key_set }))
    }
    // The last character of a signature has four bits that mean nothing: another spelling of the same signature.
    const spelled = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = spelled[spelled.indexOf(lease.at(-1)) + 1] ?? ''
    await offer(JSON.stringify({ lease: lease.slice(0, -1) + last, key_set }))
    expect(accepted).toEqual([])
    machine.stored = null
    expect((await call('useOfflineFile', file, key)).refused).toBe(null)
  })

  test('an offline file on a machine whose clock is behind still ends', async () => {
    const { portal, machine, call, pass, start } = await begin(client)
    portal.addKey(key, { entitledUntil: start + 10 * day })
    portal.fault = 'network'
    machine.wall -= 50 * day * 1000
    expect((await call('useOfflineFile', portal.offlineFile(key, 'glpi-1'))).state).toMatchObject({
      entitled: true,
      clockSuspect: true,
    })
    pass(10 * day)
    expect((await call('check')).state).toMatchObject({ entitled: false })
  })

  test('an offline file that claims more than 400 days ends after these', async () => {
    const { portal, call, start } = await begin(client)
    const file = portal.offlineFile(key, 'glpi-1', {
      entitled_until: start + 4000 * day,
      exp: start + 4000 * day,
    })
    expect(await call('useOfflineFile', file, key)).toMatchObject({ state: { until: start + 400 * day } })
  })

  test('offline, one wrong reading of a clock without a steady one beside it ends with a fresh file', async () => {
    const { portal, machine, call, pass, state, start } = await begin(client)
    portal.fault = 'network'
    portal.addKey(key, { entitledUntil: null, onExpiry: 'trial_mode' })
    machine.steady = null
    const first = portal.offlineFile(key, 'glpi-1')
    await call('useOfflineFile', first, key)
    pass(10 * day)
    machine.wall += 730 * day * 1000
    expect(await state('check')).toMatchObject({ entitled: false, mode: 'trial_mode' })
    const fresh = portal.offlineFile(key, 'glpi-1')
    // The clock is still wrong: then nobody can say that the file is not over, and it is not used up by that.
    expect(await call('useOfflineFile', fresh)).toMatchObject({ refused: 'over' })
    machine.wall -= 730 * day * 1000
    pass(hour)
    expect(await state('check')).toMatchObject({ entitled: false, clockSuspect: true })
    // The file that was used proves no time; one that is newer does.
    expect(await call('useOfflineFile', first)).toMatchObject({ refused: 'over' })
    expect(await call('useOfflineFile', fresh)).toMatchObject({
      refused: null,
      state: { entitled: true, clockSuspect: false, until: start + 410 * day },
    })
    pass(day)
    expect(await state('check')).toMatchObject({ entitled: true, clockSuspect: false })
    // The time that it proves is not forgotten again.
    machine.wall -= 300 * day * 1000
    expect(await state('check')).toMatchObject({ clockSuspect: true })
    for (let days = 0; days < 398; days++) {
      pass(day)
      expect((await state('check')).entitled).toBe(true)
    }
    pass(day)
    expect(await state('check')).toMatchObject({ entitled: false })
    expect(await call('useOfflineFile', fresh)).toMatchObject({ refused: 'over' })
  })

  test('offline, what a steady clock has never seen pass is taken back when the clock is right again', async () => {
    const { portal, machine, call, pass, state } = await begin(client)
    portal.fault = 'network'
    await call('useOfflineFile', portal.offlineFile(key, 'glpi-1'), key)
    for (const wrong of [730 * day, 10 * 60]) {
      machine.wall += wrong * 1000
      expect(await state('check')).toMatchObject({ clockSuspect: true, entitled: wrong < day })
      pass(hour)
      // Nobody contradicts it now: it may as well have slept.
      expect(await state('check')).toMatchObject({ clockSuspect: false, entitled: wrong < day })
      machine.wall -= wrong * 1000
      pass(hour)
      expect(await state('check')).toMatchObject({ clockSuspect: false, entitled: true })
      expect(await state('check')).toMatchObject({ clockSuspect: false, entitled: true })
    }
    // Set back, it is wrong until it is set right, or the portal has told the time.
    machine.wall -= hour * 1000
    pass(hour)
    expect(await state('check')).toMatchObject({ clockSuspect: true, entitled: true })
    machine.wall += hour * 1000
    expect(await state('check')).toMatchObject({ clockSuspect: false, entitled: true })
    machine.wall -= hour * 1000
    expect(await state('check')).toMatchObject({ clockSuspect: true })
    portal.fault = null
    expect(await state('checkNow')).toMatchObject({ clockSuspect: false, entitled: true })
  })

  test('a clock without a steady one beside it is wrong until it agrees again, and time goes on meanwhile', async () => {
    const { portal, machine, live, state, start } = await begin(client)
    machine.steady = null
    await state('activate', key)
    portal.fault = 'network'
    await live(3)
    machine.wall -= 2 * day * 1000
    expect(await live(1)).toMatchObject({ clockSuspect: true, entitled: true })
    machine.wall += 2 * day * 1000
    expect(await live(1)).toMatchObject({ clockSuspect: false, entitled: true })
    // Set right it has not set time forward: the grace is as long as it was.
    expect(await live((start + 7 * day - portal.time - hour) / day)).toMatchObject({ entitled: true })
    expect(await live(2 / 24)).toMatchObject({ entitled: false })
  })

  test('a fleet that was set up in one minute calls all over the next day', async () => {
    const { portal, machine, pass, call, start } = await begin(client)
    const hours = new Map<number, number>()
    for (let number = 0; number < 48; number++) {
      portal.time = start
      Object.assign(machine, {
        installationId: `glpi-${number}`,
        stored: null,
        wall: start * 1000,
        steady: null,
      })
      await call('activate', key)
      const asked = portal.calls.length
      pass(day - 1)
      await call('check')
      expect(portal.calls).toHaveLength(asked)
      while (portal.calls.length === asked) {
        pass(hour)
        await call('check')
      }
      const waited = Math.floor((portal.time - start - day) / hour)
      hours.set(waited, (hours.get(waited) ?? 0) + 1)
    }
    expect(hours.size).toBeGreaterThan(15)
    expect(Math.max(...hours.values())).toBeLessThan(8)
    expect(Math.max(...hours.keys())).toBeLessThan(25)
  })
})
