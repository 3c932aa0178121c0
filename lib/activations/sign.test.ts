import { generateKeyPairSync } from 'node:crypto'
import { compactVerify, decodeProtectedHeader, importJWK } from 'jose'
import { afterEach, expect, test, vi } from 'vitest'
import { jwkOf, kidOf, publicBytes, signKeySet } from '@/lib/activations/key-set'
import { timeClaims } from '@/lib/activations/lease'
import { createSigner } from '@/lib/activations/sign'
import { keyThatSigns, type Published, type PublishedKey } from '@/lib/activations/signing-keys'
import { setClock } from '@/lib/clock'
import { Unavailable } from '@/lib/errors'
import { seal } from '@/lib/keys/vault'
import { log } from '@/lib/log'
import { setEnvironment } from '@/sandbox/test/fixture'

// No database is asked here.
setEnvironment('postgres://latchkey_app:none@127.0.0.1:1/none')
afterEach(() => setClock(undefined))

const start = Date.parse('2026-03-01T10:00:00Z')
const moveTo = (seconds: number) => setClock(() => new Date(start + seconds * 1_000))
const root = generateKeyPairSync('ed25519').privateKey

function signingKey(signsFrom: number): PublishedKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  const publicKey = publicBytes(privateKey)
  const { d = '' } = privateKey.export({ format: 'jwk' })
  const kid = kidOf(publicKey)
  return { kid, publicKey, signsFrom: new Date(start + signsFrom * 1_000), ...seal(d, kid, 'LEASE_KEY_RING') }
}

async function published(version: number, ...keys: PublishedKey[]): Promise<Published> {
  const jwks = keys.map(({ publicKey }) => jwkOf(publicKey))
  const signed = await signKeySet({ iss: 'https://p.example', version, iat: start / 1_000, keys: jwks }, root)
  return { version, signed, jwks, keys }
}

const sign = (signer: ReturnType<typeof createSigner>) =>
  signer.sign('time+jwt', timeClaims('https://p.example', 'n', new Date(start)))
const kidIn = async (signing: Promise<string>) => decodeProtectedHeader(await signing).kid

test('a statement is signed by the published key, under the header that the protocol has', async () => {
  moveTo(0)
  const key = signingKey(0)
  const signed = await sign(createSigner(async () => published(1, key)))
  expect(decodeProtectedHeader(signed)).toEqual({ alg: 'EdDSA', kid: key.kid, typ: 'time+jwt' })
  const { payload } = await compactVerify(signed, await importJWK(jwkOf(key.publicKey)))
  expect(JSON.parse(Buffer.from(payload).toString())).toEqual({
    iss: 'https://p.example',
    iat: start / 1_000,
    nonce: 'n',
  })
})

test('the newest key that has begun signs; one that begins later does so on the second, unread', async () => {
  const [old, next] = [signingKey(-100), signingKey(30)]
  moveTo(0)
  const load = vi.fn(() => published(2, next, old))
  const signer = createSigner(load)
  expect(await kidIn(sign(signer))).toBe(old.kid)
  moveTo(29)
  expect(await kidIn(sign(signer))).toBe(old.kid)
  moveTo(30)
  expect(await kidIn(sign(signer))).toBe(next.kid)
  expect(load).toHaveBeenCalledTimes(1)
  // Alone, as the first is, on a machine whose clock is behind.
  expect(keyThatSigns([next, signingKey(60)], new Date(start))).toBe(next)
  expect(keyThatSigns([], new Date(start))).toBeNull()
})

test('what is published is read once a minute, also by a hundred at once', async () => {
  const [first, second] = [signingKey(-100), signingKey(-50)]
  const load = vi.fn(() => published(1, first))
  const signer = createSigner(load)
  moveTo(0)
  await Promise.all(Array.from({ length: 100 }, () => sign(signer)))
  moveTo(59)
  expect(await kidIn(sign(signer))).toBe(first.kid)
  expect(load).toHaveBeenCalledTimes(1)
  load.mockImplementation(() => published(2, first, second))
  moveTo(60)
  expect(await kidIn(sign(signer))).toBe(second.kid)
  expect(await signer.published()).toMatchObject({ version: 2 })
  expect(load).toHaveBeenCalledTimes(2)
})

test('a database that is down leaves the keys at hand signing, and without any the answer is an outage', async () => {
  const key = signingKey(-100)
  const down = () => Promise.reject(new Unavailable('database'))
  moveTo(0)
  const load = vi.fn<() => Promise<Published | null>>(down)
  const signer = createSigner(load)
  await expect(sign(signer)).rejects.toThrow(Unavailable)
  load.mockImplementation(() => published(1, key))
  expect(await kidIn(sign(signer))).toBe(key.kid)
  load.mockImplementation(down)
  moveTo(90)
  const warn = vi.spyOn(log, 'warn').mockImplementation(() => {})
  expect(await kidIn(sign(signer))).toBe(key.kid)
  expect(warn).toHaveBeenCalledOnce()
  warn.mockRestore()
})

test('before anything is published nothing is signed, and the first set is found at once', async () => {
  moveTo(0)
  const load = vi.fn<() => Promise<Published | null>>(async () => null)
  const signer = createSigner(load)
  await expect(sign(signer)).rejects.toMatchObject({ code: 'unavailable', facts: { what: 'signing_key' } })
  await expect(signer.published()).rejects.toThrow(Unavailable)
  load.mockImplementation(() => published(1, signingKey(-1)))
  await expect(sign(signer)).resolves.toContain('.')
})

test('a ring that does not open a key is named at the first look, also of a key that signs later', async () => {
  moveTo(0)
  const [key, later] = [signingKey(0), signingKey(600)]
  const signer = createSigner(async () => published(1, key, { ...later, ringVersion: 2 }))
  await expect(signer.published()).rejects.toThrow(
    `LEASE_KEY_RING does not open the signing key ${later.kid}`,
  )
  const old = { ...signingKey(-600), ringVersion: 2 }
  await expect(sign(createSigner(async () => published(1, key, old)))).resolves.toContain('.')
})

test('a key that was sealed for another name signs nothing', async () => {
  moveTo(0)
  const [key, other] = [signingKey(0), signingKey(0)]
  const signer = createSigner(async () => published(1, { ...key, cipher: other.cipher }))
  await expect(sign(signer)).rejects.toThrow()
})
