import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  keySha256,
  type LeaseFacts,
  leaseClaims,
  offlineClaims,
  timeClaims,
  verdictClaims,
} from '@/lib/activations/lease'

const now = new Date('2026-03-01T10:00:00.900Z')
const iat = Date.parse('2026-03-01T10:00:00Z') / 1_000
const day = 86_400
const inDays = (days: number) => new Date((iat + days * day) * 1_000)

const facts = (expiresAt: Date | null, graceDays = 7): LeaseFacts => ({
  issuer: 'https://portal.example.com',
  activationId: 'an activation',
  leaseId: 'a lease',
  product: {
    reference: 'forms',
    graceDays,
    onExpiry: 'trial_mode',
    onRevocation: 'disabled',
    freeFeatures: ['simple_forms'],
    releases: [{ version: '3.0.0', glpiMin: '10.0', glpiMax: null }],
  },
  key: { kind: 'subscription', binding: 'url', expiresAt, sha256: keySha256('gks1') },
  instance: { environment: 'test', url: null, installationId: 'glpi-1' },
})

test('a lease says what the protocol names, and nothing else', () => {
  expect(leaseClaims({ ...facts(inDays(30)), nonce: 'n' }, now)).toEqual({
    iss: 'https://portal.example.com',
    sub: 'an activation',
    aud: 'forms',
    jti: 'a lease',
    iat,
    exp: iat + 7 * day,
    kind: 'subscription',
    binding: 'url',
    environment: 'test',
    url: null,
    installation_id: 'glpi-1',
    entitled_until: iat + 30 * day,
    refresh_after: iat + day,
    grace_until: iat + 7 * day,
    on_expiry: 'trial_mode',
    on_revocation: 'disabled',
    features: ['simple_forms'],
    versions: [{ version: '3.0.0', glpi_min: '10.0', glpi_max: null }],
    key_sha256: keySha256('gks1'),
    nonce: 'n',
  })
  expect(leaseClaims(facts(null), now)).not.toHaveProperty('nonce')
})

test.each([
  ['the grace ends before the key', inDays(30), 7, iat + 7 * day],
  ['the key ends within the grace', inDays(3), 7, iat + 3 * day],
  ['the key ends with the grace', inDays(7), 7, iat + 7 * day],
  ['the key never ends', null, 7, iat + 7 * day],
  ['the product has a grace of its own', null, 21, iat + 21 * day],
])('a lease ends with the grace or the key, whichever is first: %s', (_, expiresAt, graceDays, exp) => {
  const claims = leaseClaims(facts(expiresAt, graceDays), now)
  expect(claims).toMatchObject({ exp, grace_until: iat + graceDays * day })
  expect(claims.entitled_until).toBe(expiresAt && expiresAt.getTime() / 1_000)
})

test.each([
  ['the key ends before 400 days are over', inDays(399), iat + 399 * day],
  ['the key goes on longer', inDays(401), iat + 400 * day],
  ['the key never ends', null, iat + 400 * day],
])('an offline file holds to the key’s end, 400 days at most: %s', (_, expiresAt, exp) => {
  const claims = offlineClaims(facts(expiresAt), now)
  expect(claims).toMatchObject({ exp, entitled_until: exp, refresh_after: null, grace_until: null })
  const {
    exp: _exp,
    entitled_until,
    refresh_after,
    grace_until,
    ...rest
  } = leaseClaims(facts(expiresAt), now)
  expect(claims).toMatchObject(rest)
})

test('whatever the facts, times are whole seconds, and nothing outlives the key', () => {
  const moments = fc.date({ min: new Date('2020-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
  fc.assert(
    fc.property(moments, fc.option(moments), fc.integer({ min: 1, max: 60 }), (at, end, grace) => {
      for (const claims of [leaseClaims(facts(end, grace), at), offlineClaims(facts(end, grace), at)]) {
        const times = [
          claims.iat,
          claims.exp,
          claims.entitled_until,
          claims.refresh_after,
          claims.grace_until,
        ]
        expect(times.every((time) => time === null || Number.isInteger(time))).toBe(true)
        expect(claims.iat * 1_000).toBeLessThanOrEqual(at.getTime())
        if (end) expect(claims.exp * 1_000).toBeLessThanOrEqual(end.getTime())
        expect(claims.exp - claims.iat).toBeLessThanOrEqual(400 * day)
      }
    }),
  )
})

test('a verdict holds for five minutes and names the key by its hash alone', () => {
  const asked = {
    ...{
      issuer: 'https://portal.example.com',
      statementId: 'a verdict',
      product: 'forms',
      installationId: null,
    },
    ...{ keySha256: keySha256('gks1'), valid: false, code: 'revoked', notes: ['renewed'] },
  }
  const claims = {
    ...{ iss: asked.issuer, aud: 'forms', jti: 'a verdict', iat, exp: iat + 300, installation_id: null },
    ...{ key_sha256: asked.keySha256, valid: false, code: 'revoked', notes: ['renewed'] },
  }
  expect(verdictClaims(asked, now)).toEqual(claims)
  expect(verdictClaims({ ...asked, nonce: 'n' }, now)).toEqual({ ...claims, nonce: 'n' })
  // RFC 6234's digest of "abc", in base64url.
  expect(keySha256('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
})

test('the time is said with what was asked', () => {
  expect(timeClaims('https://portal.example.com', 'n', now)).toEqual({
    iss: 'https://portal.example.com',
    iat,
    nonce: 'n',
  })
})
