import { decodeProtectedHeader } from 'jose'
import { afterEach, expect, test } from 'vitest'
import { asSystem } from '@/db/scope'
import { publicBytes, signKeySet } from '@/lib/activations/key-set'
import { keySha256, type LeaseFacts, leaseClaims, offlineClaims } from '@/lib/activations/lease'
import { publishKeySet } from '@/lib/activations/publish'
import { rotateLeases } from '@/lib/activations/rotate'
import { createSigner } from '@/lib/activations/sign'
import { readPublished } from '@/lib/activations/signing-keys'
import { now, setClock } from '@/lib/clock'
import { makeSigningKey, sandboxRoot } from '@/sandbox/lease-root'
import { productDatabase } from '@/sandbox/test/fixture'
import { inTypeScript } from '@/sandbox/test/lease-programs'

await productDatabase()
afterEach(() => setClock(undefined))

const by = { actor: { kind: 'system' } } as const
const minute = 60_000
const day = 86_400_000
/** Minutes between what happens: not a minute, so that processes know of different sets. */
const step = 0.25
const issuer = 'http://localhost:41400'
const facts: LeaseFacts = {
  ...{ issuer, activationId: 'an activation', leaseId: 'a lease' },
  product: {
    ...{ reference: 'forms', graceDays: 7, onExpiry: 'read_only', onRevocation: 'read_only' },
    ...{ freeFeatures: [], releases: [] },
  },
  key: { kind: 'permanent', binding: 'url', expiresAt: null, sha256: keySha256('gkp1key') },
  instance: { environment: 'production', url: null, installationId: 'glpi' },
}
const expected = {
  root: publicBytes(sandboxRoot()).toString('base64'),
  ...{ issuer, product: 'forms', installation_id: 'glpi', key: 'gkp1key' },
}

test('[F11] three rotations of the signing keys while leases are verified: none fails', async () => {
  let moment = Date.parse('2026-03-01T10:00:00Z')
  setClock(() => new Date(moment))
  await makeSigningKey()
  // Three processes that sign, each with what it has read, and a GLPI that asks for keys when it meets one it does not know.
  const signers = Array.from({ length: 3 }, () => createSigner(() => asSystem('a test', readPublished)))
  // Each reads at another moment of the minute.
  for (const signer of signers) {
    moment += 20_000
    await signer.published()
  }
  let glpi = await signers[0]?.published()
  const issued: { typ: string; jws: string; until: number }[] = []
  const kids = new Set<string | undefined>()
  let verified = 0
  let fetched = 0

  const answer = (typ: string, jws: string, set = glpi) => {
    const { signed: keySet = '', version: key_set_version = 1 } = set ?? {}
    verified++
    return inTypeScript({
      lease: jws,
      keySet,
      expected: { ...expected, key_set_version },
      now: now().getTime() / 1_000,
      typ,
    })
  }
  const ask = async (signer: (typeof signers)[number], isOffline: boolean) => {
    const typ = isOffline ? 'offline+jwt' : 'lease+jwt'
    const claims = (isOffline ? offlineClaims : leaseClaims)(facts, now())
    const jws = await signer.sign(typ, claims)
    const { kid } = decodeProtectedHeader(jws)
    kids.add(kid)
    if (!glpi?.jwks.some((jwk) => jwk.kid === kid)) {
      // Of another process than the one that signed, which may know less.
      glpi = await signers[(signers.indexOf(signer) + 1) % signers.length]?.published()
      fetched++
    }
    expect(await answer(typ, jws)).toBe('valid')
    issued.push({ typ, jws, until: claims.exp * 1_000 })
  }
  const work = () =>
    Promise.all(signers.flatMap((signer) => [ask(signer, true), ask(signer, false), ask(signer, false)]))

  for (let rotation = 1; rotation <= 3; rotation++) {
    const { request } = await rotateLeases(by, {})
    if (!request) throw new Error('nothing was asked for')
    const signed = await signKeySet(request, sandboxRoot())
    for (let passed = 0; passed < 75; passed += step) {
      const publishing = passed === 25 * step ? publishKeySet(by, { signed }) : null
      await Promise.all([work(), publishing])
      moment += step * minute
    }
    // Whatever may still be good is, by the newest set, until the last key's next rotation.
    for (let days = 0; days < 130; days += 26) {
      moment += 26 * day
      const newest = await signers[0]?.published()
      for (const { typ, jws } of issued
        .filter(({ until }) => until > moment)
        .filter((_, index) => index % 7 === 0))
        expect(await answer(typ, jws, newest)).toMatch(/^(valid|grace)$/)
    }
  }
  expect(kids.size).toBe(4)
  expect(fetched).toBeGreaterThanOrEqual(3)
  console.log(`[F11] 3 rotations, ${verified} verifications, ${issued.length} leases`)
}, 240_000)
