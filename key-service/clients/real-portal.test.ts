import { describe, expect, test } from 'vitest'
import { revokeKey } from '@/lib/keys/revoke'
import { bySystem } from '@/sandbox/test/fixture'
import { day, realPortal } from '@/sandbox/test/real-portal'
import { sold } from '@/sandbox/test/sold'

const { database, fixture, clients, begin } = await realPortal()

/** What clings to a paste and is not seen; U+D8FF stands for bytes that are no UTF-8. */
const strays = [
  '\u00a0',
  '\ufeff',
  '\u3000',
  '\u2028',
  '\u000b',
  '\u0000',
  '\u0085',
  '\u200b',
  '\ud8ff',
].concat(['\n\u00a0 ', '\u0007\u00a0'])

describe.each(clients)('the %s client and the real key service', (_, client) => {
  test('activates, refreshes, goes on for the grace through ten days without it, and is back by itself', async () => {
    const { key, url } = await sold(database, fixture)
    const { state, live, cut } = await begin(client, url)
    expect(await state('activate', key)).toMatchObject({
      key: { code: 'ok' },
      service: { code: 'ok' },
      entitled: true,
      mode: 'full',
    })
    const first = (await state()).until ?? 0
    expect(await live(2)).toMatchObject({ entitled: true, mode: 'full', service: { code: 'ok' } })
    expect((await state()).until).toBeGreaterThan(first + day)
    cut(true)
    expect(await live(4)).toMatchObject({ entitled: true, mode: 'grace', network: { code: 'unreachable' } })
    expect(await live(6)).toMatchObject({ entitled: false, key: { code: 'ok' } })
    cut(false)
    expect(await live(0.1)).toMatchObject({ entitled: true, mode: 'full', key: { code: 'ok' } })
  })

  test('a refusal is signed, and acts as agreed', async () => {
    const { key, keyId, url } = await sold(database, fixture)
    const here = await begin(client, url)
    await here.state('activate', key)
    const elsewhere = await begin(client, 'https://elsewhere.example')
    expect(await elsewhere.state('activate', key)).toMatchObject({
      key: {
        code: 'bound_elsewhere',
        refusalCode: expect.stringMatching(/^[0-9A-Z]{6}$/),
        page: expect.stringContaining('http://localhost:41400/open/'),
      },
      service: { code: 'ok' },
      entitled: false,
    })
    await revokeKey(bySystem(fixture.organizationId), { keyId, reason: 'leaked' })
    expect(await here.state('checkNow')).toMatchObject({ key: { code: 'revoked' }, entitled: false })
  })

  test.each([
    ['a key with a wrong end', `gks1${'q'.repeat(32)}`],
    ['a sentence', 'not a key at all'],
    ['nothing but blanks', ' \u00a0\t '],
    ...strays.map((stray): [string, string] => [JSON.stringify(stray), `${stray}gks1${stray}cut${stray}`]),
    ['5,000 characters', 'x'.repeat(5_000)],
    ['5,000 letters of three bytes', 'é€'.repeat(2_500)],
    ['5,000 pairs of UTF-16', '🔑'.repeat(5_000)],
    ['a page with blanks at the cut', `${'x'.repeat(999)}${' '.repeat(50)}${'y'.repeat(4_000)}`],
  ])('a paste that is no key is the key’s fault, and not the service’s: %s', async (_name, pasted) => {
    const { state } = await begin(client, undefined)
    expect(await state('activate', pasted)).toMatchObject({
      key: { code: 'malformed' },
      service: { code: 'ok' },
    })
  })

  test('a place that was given back, and is wanted again', async () => {
    const { key, url } = await sold(database, fixture)
    const { state, call, machine } = await begin(client, url)
    const { until } = await state('activate', key)
    const before = machine.stored
    const given = await call('giveBack')
    expect(given).toMatchObject({ freesAt: until, state: { entitled: false } })
    // Its answer was lost: asked again, the service says the same.
    machine.stored = before
    expect((await call('giveBack')).freesAt).toBe(given.freesAt)
    // As it is after a restored backup, or where somebody else gave the place back: its activation is over.
    machine.stored = before
    expect(await state('checkNow')).toMatchObject({
      key: { code: 'ok' },
      service: { code: 'ok' },
      entitled: true,
    })
  })

  test('a clock that is wrong is set right by the time of the service', async () => {
    const { key, url } = await sold(database, fixture)
    const { state, machine } = await begin(client, url)
    await state('activate', key)
    machine.wall -= 50 * day * 1000
    expect(await state('check')).toMatchObject({ entitled: true, clockSuspect: false })
  })
})
