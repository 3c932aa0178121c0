import { expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
import { begin, day, describeClients, key, otherKey } from './test-life'
import { hash, makePair, signWith, type TestPortal } from './test-portal'

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
})
