import { randomBytes, randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fingerprint, open, openText, seal, sealText } from '@/lib/keys/vault'
import { setEnvironment } from '@/sandbox/test/fixture'

// No database is asked here.
setEnvironment('postgres://latchkey_app:none@127.0.0.1:1/none', {
  KEY_RING: [3, 12, 7].map((version) => `${version}:${randomBytes(32).toString('base64')}`).join(', '),
})

test('what is sealed opens for its own row alone', () => {
  fc.assert(
    fc.property(fc.string(), fc.uuid(), fc.uuid(), (secret, row, other) => {
      expect(open(seal(secret, row), row)).toBe(secret)
      if (row !== other) expect(() => open(seal(secret, row), other)).toThrow()
    }),
  )
})

test('a cipher text with any bit turned does not open', () => {
  const id = randomUUID()
  const sealed = seal('gks1 made up', id)
  for (let bit = 0; bit < sealed.cipher.length * 8; bit++) {
    const cipher = Buffer.from(sealed.cipher)
    cipher[bit >> 3] = (cipher[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(() => open({ ...sealed, cipher }, id)).toThrow()
  }
})

test('a cipher text that was cut does not open, however short its tag', () => {
  const id = randomUUID()
  const sealed = seal('gks1 made up', id)
  for (let length = 0; length < sealed.cipher.length; length++) {
    expect(() => open({ ...sealed, cipher: sealed.cipher.subarray(0, length) }, id)).toThrow()
  }
})

test('the newest version of the ring seals, the others still open, an unknown one is named', () => {
  const id = randomUUID()
  expect(seal('x', id).ringVersion).toBe(12)
  expect(() => open({ ...seal('x', id), ringVersion: 7 }, id)).toThrow()
  expect(() => open({ ...seal('x', id), ringVersion: 8 }, id)).toThrow('KEY_RING has no version 8')
})

test('what one ring has sealed another does not open, also of the same version', () => {
  const id = randomUUID()
  const sealed = seal('a signing key', id, 'LEASE_KEY_RING')
  expect(open(sealed, id, 'LEASE_KEY_RING')).toBe('a signing key')
  expect(() => open({ ...sealed, ringVersion: 12 }, id)).toThrow()
  expect(() => open({ ...sealed, ringVersion: 2 }, id, 'LEASE_KEY_RING')).toThrow(
    'LEASE_KEY_RING has no version 2',
  )
})

test('the same secret is never sealed alike, and its fingerprint is always the same', () => {
  const id = randomUUID()
  const sealed = new Set(Array.from({ length: 1_000 }, () => seal('x', id).cipher.toString('hex')))
  expect(sealed.size).toBe(1_000)
  expect(fingerprint('x')).toEqual(fingerprint('x'))
  expect(fingerprint('x')).not.toEqual(fingerprint('y'))
})

test('a secret in a payload opens for its own row alone', () => {
  const id = randomUUID()
  expect(openText(sealText('{"code":"123456"}', id), id)).toBe('{"code":"123456"}')
  expect(() => openText(sealText('x', id), randomUUID())).toThrow()
  expect(() => openText('nonsense', id)).toThrow()
})
