import { expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
import { faults } from './test-faults'
import { begin, day, describeClients, hour, key, otherKey } from './test-life'
import { encode, hash, makePair, signWith, type TestPortal } from './test-portal'

describeClients(phpPath(), (client) => {
  test.each([
    {},
    { status: 503, title: 'Service Unavailable' },
    ...[[1], { a: 1 }, 5, null, true, 'text', 'a.b.c'].flatMap((member) => [
      { signed: member },
      { lease: member, verdict: member, activation: member },
    ]),
  ])('an answer that is JSON and no statement is none: %j', async (answer) => {
    const { portal, state } = await begin(client)
    portal.tamper = () => answer
    const nothing = { key: null, entitled: false, service: { code: 'unreachable' } }
    expect(await state('activate', key)).toMatchObject(nothing)
    expect(await state('checkNow')).toMatchObject(nothing)
  })

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

  test('of a long paste the key is found, wherever it stands', async () => {
    const { state } = await begin(client)
    const page = `${'Dear customer, '.repeat(400)}${key}${' thank you'.repeat(400)}`
    expect(await state('activate', page)).toMatchObject({ key: { code: 'ok' }, entitled: true })
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

  test.each([
    ['https://PORTAL.example:443/', 'https://portal.example'],
    ['http://portal.example:80', 'http://portal.example'],
    ['https://portal.example:8443/portal', 'https://portal.example:8443'],
    [' https://portal.example\n', 'https://portal.example'],
    ['https://127.1', 'https://127.0.0.1'],
    ['https://[2001:DB8:0:0:0:0:0:1]:8443', 'https://[2001:db8::1]:8443'],
    ['https://[::ffff:192.0.2.1]/', 'https://[::ffff:c000:201]'],
    ['https://xn--portl-hra.example', 'https://xn--portl-hra.example'],
  ])('the portal %s signs as %s, wherever it is called', async (address, issuer) => {
    const { portal, machine, state } = await begin(client)
    portal.issuer = issuer
    machine.settings = { portal: address }
    expect(await state('activate', key)).toMatchObject({ entitled: true, key: { page: `${issuer}/keys` } })
    machine.settings = { portal: address, service: 'http://127.0.0.1:9' }
    expect(await state('checkNow')).toMatchObject({ entitled: true, network: { code: 'unreachable' } })
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
