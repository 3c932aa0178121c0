import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
import { begin, day, describeClients, key, otherKey } from './test-life'
import { hash, makePair, signWith, TestPortal } from './test-portal'
import { Latchkey } from './typescript/latchkey'

describeClients(phpPath(), (client) => {
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

  test('an offline file over an online lease is given back to its end', async () => {
    const { portal, call, state, start } = await begin(client)
    await state('activate', key)
    portal.addKey(key, { entitledUntil: start + 100 * day })
    await call('useOfflineFile', portal.offlineFile(key, 'glpi-1'), key)
    portal.fault = 'network'
    // Who reaches nobody keeps all that it has, since its place is not free.
    expect(await call('giveBack')).toMatchObject({
      freesAt: null,
      state: { entitled: true, offline: true, givingBack: true, until: start + 100 * day },
    })
    portal.fault = null
    expect(await call('giveBack')).toMatchObject({
      freesAt: start + 100 * day,
      state: { entitled: false, offline: false, key: null, givingBack: false },
    })
    expect(portal.calls.map(({ call }) => call)).toContain(
      'DELETE /api/v1/activations/activation%20of%20glpi-1',
    )
  })

  test('an offline file without a lease beneath it stays, since no secret came with it, and support is told why', async () => {
    const { portal, call } = await begin(client)
    portal.addKey(key)
    await call('useOfflineFile', portal.offlineFile(key, 'glpi-1'), key)
    expect(await call('giveBack')).toMatchObject({
      freesAt: null,
      state: {
        ...{ entitled: true, offline: true, givingBack: true },
        service: { code: 'unreachable', why: 'secret_needed' },
      },
    })
  })

  test('an offline file that was taken without its key stays: nobody can be asked', async () => {
    const { portal, call } = await begin(client)
    await call('useOfflineFile', portal.offlineFile(key, 'glpi-1'))
    expect(await call('giveBack')).toMatchObject({
      freesAt: null,
      state: { entitled: true, offline: true, givingBack: true, service: { code: 'unasked' } },
    })
    expect(portal.seen).toEqual([])
  })

  test('what was never had is given up without asking', async () => {
    const { portal, call, state } = await begin(client)
    portal.fault = 'network'
    await state('activate', key)
    portal.fault = null
    expect(await call('giveBack')).toMatchObject({ freesAt: null, state: { givingBack: false, key: null } })
    await call('checkNow')
    expect(portal.calls).toEqual([])
  })

  test('a cron call that is on its way does not take a place back that is given back meanwhile', async () => {
    const { portal, machine, call, state, pass } = await begin(client)
    await state('activate', key)
    pass(2 * day)
    const before = machine.stored
    await call('giveBack')
    const given = machine.stored
    const asked = portal.calls.length
    // It has read the state before; its refresh is answered by a 404, and then it would activate anew.
    for (const wanted of ['check', 'checkNow'] as const) {
      machine.stored = before
      machine.meanwhile = given
      expect(await state(wanted)).toMatchObject({ key: null, entitled: false })
      expect(machine.stored).toBe(given)
    }
    expect([...new Set(portal.calls.slice(asked).map(({ call }) => call))]).toEqual([
      'POST /api/v1/activations/activation%20of%20glpi-1/refresh',
    ])
    expect([...portal.givenBack.keys()]).toEqual(['activation of glpi-1'])
  })
})

test('where the storage can hold others off, giving back waits for what is under way', async () => {
  const portal = new TestPortal()
  portal.addKey(key)
  let stored: string | null = null
  let last: Promise<unknown> = Promise.resolve()
  const settings = {
    ...{ portal: portal.issuer, rootPublicKey: portal.rootPublicKey, product: 'formspro' },
    ...{ productVersion: '1', installationId: 'glpi', clock: { now: () => portal.time * 1000 } },
    storage: {
      load: async () => stored,
      save: async (text: string) => {
        stored = text
      },
      alone: <T>(work: () => Promise<T>) => {
        const done = last.then(work)
        last = done
        return done
      },
    },
  }
  const page = new Latchkey({ ...settings, fetch: portal.fetch })
  const given: { promise?: ReturnType<typeof page.giveBack> } = {}
  const cron = new Latchkey({
    ...settings,
    // It is about to activate: all that could be looked at has been looked at.
    fetch: async (address, options) => {
      given.promise ??= page.giveBack()
      await setImmediate()
      return portal.fetch(address, options)
    },
  })
  portal.fault = 'network'
  await page.activate(key)
  portal.fault = null
  portal.time += 2 * day
  await cron.check()
  expect(await given.promise).toMatchObject({ freesAt: portal.time + 7 * day, state: { key: null } })
  expect(portal.givenBack.size).toBe(1)
  expect(portal.calls.at(-1)?.call).toContain('DELETE')
})
