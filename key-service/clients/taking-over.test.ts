import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { sealUnder } from '@/lib/keys/hand-over'
import { phpPath } from '@/sandbox/php'
import { keysIn } from '@/sandbox/test/real-portal'
import { begin, day, describeClients, key, otherKey } from './test-life'
import { type Claims, hash, makePair, signWith, type TestPortal } from './test-portal'

const thirdKey = `gks1${'z'.repeat(32)}`

/** What a portal says that hands a key over in place of another. */
function claimsOf(portal: TestPortal, nonce: unknown, under = key, next = otherKey) {
  const pair = { underId: randomUUID(), keyId: randomUUID() }
  return {
    ...{ iss: portal.issuer, sub: 'activation of glpi-1', aud: 'formspro', jti: randomUUID() },
    ...{ iat: portal.time, exp: portal.time + 300, installation_id: 'glpi-1', key_sha256: hash(key), nonce },
    ...{ key_id: pair.underId, next_key_id: pair.keyId },
    sealed_key: sealUnder(under, next, pair).toString('base64url'),
  }
}

const nonceOf = (statement: unknown) =>
  JSON.parse(Buffer.from(String(statement).split('.')[1] ?? '', 'base64url').toString()).nonce

type Say = (portal: TestPortal, nonce: unknown) => unknown
const honest: Say = (portal, nonce) => signWith(portal.signing, 'handover+jwt', claimsOf(portal, nonce))

/** Each refresh with the old key is answered with a hand-over beside the lease. */
function handsOver(portal: TestPortal, say: Say = honest) {
  portal.tamper = (json) => {
    const asked = portal.calls.at(-1)
    if (!asked?.call.endsWith('/refresh') || asked.body.key !== key) return json
    return { ...json, handover: say(portal, nonceOf(json.lease ?? json.signed)) }
  }
}

const signed =
  (change: (claims: Claims) => Claims): Say =>
  (portal, nonce) =>
    signWith(portal.signing, 'handover+jwt', change(claimsOf(portal, nonce)))

/** What somebody between may say to plant a key. */
const planted: [string, Say][] = [
  ['nothing', () => undefined],
  ['the key itself', () => otherKey],
  [
    'what a stranger has signed',
    (portal, nonce) => signWith(makePair(), 'handover+jwt', claimsOf(portal, nonce)),
  ],
  [
    'a statement of another type',
    (portal, nonce) => signWith(portal.signing, 'verdict+jwt', claimsOf(portal, nonce)),
  ],
  ['an answer to another question', signed((claims) => ({ ...claims, nonce: 'another' }))],
  ['one without a nonce', signed(({ nonce: _, ...claims }) => claims)],
  ['one for another GLPI', signed((claims) => ({ ...claims, installation_id: 'glpi-2' }))],
  ['one for another product', signed((claims) => ({ ...claims, aud: 'other' }))],
  ['one for another key', signed((claims) => ({ ...claims, key_sha256: hash(otherKey) }))],
  ['one of another portal', signed((claims) => ({ ...claims, iss: 'https://other.example' }))],
  ['what was sealed for other rows', signed((claims) => ({ ...claims, next_key_id: randomUUID() }))],
  ['what was sealed from another row', signed((claims) => ({ ...claims, key_id: randomUUID() }))],
  ['a cut cipher', signed((claims) => ({ ...claims, sealed_key: String(claims.sealed_key).slice(0, -1) }))],
  ['no cipher', signed(({ sealed_key: _, ...claims }) => claims)],
  ['a short cipher', signed((claims) => ({ ...claims, sealed_key: 'AAAA' }))],
  [
    'what was sealed under another key, though it is signed',
    (portal, nonce) => signWith(portal.signing, 'handover+jwt', claimsOf(portal, nonce, thirdKey)),
  ],
]

describeClients(phpPath(), (client) => {
  test.each(planted)('%s plants no key, and does no harm', async (_, say) => {
    const { portal, machine, state, pass } = await begin(client)
    portal.addKey(otherKey)
    await state('activate', key)
    handsOver(portal, say)
    pass(2 * day)
    expect(await state('check')).toMatchObject({
      ...{ entitled: true, mode: 'full', key: { code: 'ok' }, service: { code: 'ok' }, tookOverAt: null },
    })
    expect(keysIn(machine)).toMatchObject({ key, next: null })
  })

  test('what is handed over is used at once, and the old key asks no more', async () => {
    const { portal, machine, state, pass, live } = await begin(client)
    portal.addKey(otherKey)
    await state('activate', key)
    handsOver(portal)
    pass(2 * day)
    expect(await state('check')).toMatchObject({ entitled: true, mode: 'full', tookOverAt: portal.time })
    expect(keysIn(machine)).toMatchObject({ key: otherKey, next: null })
    const asked = portal.calls.length
    expect(await live(5)).toMatchObject({ entitled: true, mode: 'full' })
    expect(portal.calls.slice(asked).map(({ body }) => body.key)).not.toContain(key)
    expect(portal.calls.slice(asked).length).toBeGreaterThan(2)
  })

  test('until the new key has answered the old one is kept, and goes on; then the new one is taken over', async () => {
    const { portal, machine, state, pass, live } = await begin(client)
    portal.addKey(otherKey)
    await state('activate', key)
    handsOver(portal)
    // Whatever is asked with the new key, something else answers.
    const { answer } = portal
    portal.answer = (...asked) =>
      asked[2].key === otherKey
        ? { status: 502, headers: {}, body: 'Bad gateway' }
        : answer.apply(portal, asked)
    pass(2 * day)
    await state('check')
    expect(keysIn(machine)).toMatchObject({ key, next: otherKey })
    expect(await live(20)).toMatchObject({ entitled: true })
    expect(keysIn(machine)).toMatchObject({ key, next: otherKey })
    const sent = portal.calls.filter(({ body }) => body.key === otherKey).length
    expect(sent).toBeLessThan(20 * 24)
    portal.answer = answer
    expect(await live(2)).toMatchObject({ entitled: true, mode: 'full', key: { code: 'ok' } })
    expect(keysIn(machine)).toMatchObject({ key: otherKey, next: null })
  })

  test('a new key that is refused is not taken, and the old one works on', async () => {
    const { portal, machine, state, pass } = await begin(client)
    portal.addKey(otherKey, { code: 'bound_elsewhere' })
    await state('activate', key)
    handsOver(portal)
    pass(2 * day)
    expect(await state('check')).toMatchObject({ entitled: true, mode: 'full', key: { code: 'ok' } })
    expect(keysIn(machine)).toMatchObject({ key, next: null })
  })

  test('a key that an administrator pastes meanwhile is the one', async () => {
    const { portal, machine, state, pass } = await begin(client)
    portal.addKey(thirdKey)
    await state('activate', key)
    handsOver(portal)
    portal.addKey(otherKey, { code: 'bound_elsewhere' })
    pass(2 * day)
    await state('check')
    await state('activate', thirdKey)
    portal.addKey(otherKey)
    expect(await state('checkNow')).toMatchObject({ entitled: true, tookOverAt: null })
    expect(keysIn(machine)).toMatchObject({ key: thirdKey, next: null })
  })
})
