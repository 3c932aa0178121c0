import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { CompactSign, decodeProtectedHeader } from 'jose'
import { beforeEach, expect, test } from 'vitest'
import { asSystem } from '@/db/scope'
import {
  jwkOf,
  type KeySet,
  publicBytes,
  rootKidOf,
  signKeySet,
  verifiedKeySet,
} from '@/lib/activations/key-set'
import { timeClaims } from '@/lib/activations/lease'
import { publishKeySet } from '@/lib/activations/publish'
import { rotateLeases } from '@/lib/activations/rotate'
import { createSigner } from '@/lib/activations/sign'
import { readPublished } from '@/lib/activations/signing-keys'
import { env } from '@/lib/env'
import { makeSigningKey, sandboxRoot } from '@/sandbox/lease-root'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { at } from '@/sandbox/time'

const database = await productDatabase()
const by = { actor: { kind: 'system' } } as const
const start = Date.parse('2026-03-01T10:00:00Z')
const after = (days: number, seconds = 0) => new Date(start + days * 86_400_000 + seconds * 1_000)
const hour = 3_600
const signer = createSigner(() => asSystem('a test', readPublished))
const kidThatSigns = async () =>
  decodeProtectedHeader(await signer.sign('time+jwt', timeClaims('x', undefined, new Date(start)))).kid
const kidsIn = (set: KeySet | null) => set?.keys.map(({ kid }) => kid)
const publicRoot = publicBytes(sandboxRoot())

async function requested(): Promise<KeySet> {
  const { request } = await rotateLeases(by, {})
  if (!request) throw new Error('nothing was asked for')
  return request
}

beforeEach(async () => {
  await rowsOf(database, 'truncate signing_keys, key_sets')
})

test('the first key signs at once, the next an hour after it was published; the one before stays to its last lease', async () => {
  await at(after(0), makeSigningKey)
  const first = await at(after(0), kidThatSigns)
  const request = await at(after(30), requested)
  const [, second] = kidsIn(request) ?? []
  expect(kidsIn(request)).toEqual([first, second])
  expect(request).toMatchObject({
    iss: 'http://localhost:41400',
    version: 2,
    iat: after(30).getTime() / 1_000,
  })
  await at(after(31), async () => {
    expect(await kidThatSigns()).toBe(first)
    const done = await publishKeySet(by, { signed: await signKeySet(request, sandboxRoot()) })
    expect(done).toEqual({ version: 2, signsFrom: after(31, hour), toFetchAnew: [] })
  })
  await at(after(31, hour - 1), async () => expect(await kidThatSigns()).toBe(first))
  await at(after(31, hour), async () => expect(await kidThatSigns()).toBe(second))
  // An offline file of the last second before that holds 400 days.
  const last = 31 + 401
  await at(after(last), async () => expect(kidsIn(await requested())).toContain(first))
  await at(after(last, hour), async () => {
    const next = await requested()
    expect(kidsIn(next)).not.toContain(first)
    await publishKeySet(by, { signed: await signKeySet(next, sandboxRoot()) })
    const published = await asSystem('a test', readPublished)
    expect(published?.keys.map(({ kid }) => kid)).not.toContain(first)
    expect(published?.jwks).toEqual(next.keys)
  })
  expect(await rowsOf(database, 'select version, root_kid from key_sets order by 1')).toEqual(
    [1, 2, 3].map((version) => ({ version, root_kid: rootKidOf(publicRoot) })),
  )
})

test('asked for again, or fifty times at once, one key waits, and the same set is asked for', async () => {
  const requests = await Promise.all(Array.from({ length: 50 }, requested))
  expect(new Set(requests.map((request) => kidsIn(request)?.join())).size).toBe(1)
  const signed = await signKeySet(await requested(), sandboxRoot())
  const done = await Promise.all(Array.from({ length: 20 }, () => publishKeySet(by, { signed })))
  expect(done.filter(({ signsFrom }) => signsFrom)).toHaveLength(1)
  expect(await rowsOf(database, 'select version from key_sets')).toEqual([{ version: 1 }])
})

test('a stolen key is left out of the next set: it signs no more, and no set that names it is published again', async () => {
  await at(after(0), makeSigningKey)
  const stolen = (await at(after(0), kidThatSigns)) ?? ''
  const dropped = await at(after(1), () => rotateLeases(by, { drop: stolen, reason: 'A backup was stolen.' }))
  const earlier = await at(after(1), requested)
  expect(kidsIn(earlier)).toEqual(kidsIn(dropped.request))
  expect(kidsIn(earlier)).toHaveLength(1)
  expect(kidsIn(earlier)).not.toContain(stolen)
  // Until the root has signed that, the portal goes on, and so do GLPIs.
  expect(await at(after(1), kidThatSigns)).toBe(stolen)
  const known = await rowsOf<{ publicKey: Buffer }>(
    database,
    'select public_key as "publicKey" from signing_keys order by created_at',
  )
  const withIt = { ...earlier, keys: known.map(({ publicKey }) => jwkOf(publicKey)) }
  await at(after(2), async () => {
    const wrong = publishKeySet(by, { signed: await signKeySet(withIt, sandboxRoot()) })
    await expect(wrong).rejects.toMatchObject({ code: 'set_not_as_requested' })
    const done = await publishKeySet(by, { signed: await signKeySet(earlier, sandboxRoot()) })
    // There is no other that could sign until then.
    expect(done).toMatchObject({ version: 2, signsFrom: after(2) })
  })
  expect(await at(after(2, 60), kidThatSigns)).toBe(kidsIn(earlier)?.[0])
  expect(kidsIn(await at(after(3), requested))).not.toContain(stolen)
  const [entry] = await rowsOf<{ details: object }>(
    database,
    `select details from audit_entries where details ->> 'dropped' is not null order by sequence desc limit 1`,
  )
  expect(entry?.details).toMatchObject({ dropped: stolen, reason: 'A backup was stolen.' })
})

test('a key is dropped for a reason', async () => {
  for (const reason of [undefined, '', '   '])
    await expect(rotateLeases(by, { drop: 'x', reason })).rejects.toMatchObject({
      fields: { reason: 'required' },
    })
})

test('a key that waits, or has stopped, can be dropped as well; twice is once, and an unknown one is named', async () => {
  await at(after(0), makeSigningKey)
  const first = (await at(after(0), kidThatSigns)) ?? ''
  await at(after(1), makeSigningKey)
  const second = (await at(after(2), kidThatSigns)) ?? ''
  const [, , waiting = ''] = kidsIn(await at(after(3), requested)) ?? []
  const drop = (kid: string) => at(after(4), () => rotateLeases(by, { drop: kid, reason: 'Read by others.' }))
  const [kept, made] = kidsIn((await drop(waiting)).request)?.slice(1) ?? []
  expect(kept).toBe(second)
  expect([first, second, waiting]).not.toContain(made)
  const both = [await drop(first), await drop(first)]
  for (const { request } of both) expect(kidsIn(request)).toEqual([second, made])
  const signed = await signKeySet(both[0]?.request as KeySet, sandboxRoot())
  expect(await at(after(5), () => publishKeySet(by, { signed }))).toMatchObject({ signsFrom: after(5, hour) })
  await expect(drop('A'.repeat(16))).rejects.toMatchObject({ code: 'signing_key_unknown' })
})

const otherKey = () => jwkOf(publicBytes(generateKeyPairSync('ed25519').publicKey))
const refused: [what: string, code: string, change: (request: KeySet) => KeySet][] = [
  ['of another issuer', 'set_not_as_requested', (set) => ({ ...set, iss: 'https://elsewhere.example' })],
  ['dated in the future', 'set_not_as_requested', (set) => ({ ...set, iat: set.iat + 400 })],
  ['without the new key', 'set_not_as_requested', (set) => ({ ...set, keys: set.keys.slice(0, 1) })],
  ['without the one before', 'set_not_as_requested', (set) => ({ ...set, keys: set.keys.slice(1) })],
  [
    'with a key that nobody knows',
    'set_not_as_requested',
    (set) => ({ ...set, keys: [...set.keys, otherKey()] }),
  ],
  ['of an earlier version', 'set_outdated', (set) => ({ ...set, version: 1 })],
  ['of a later version', 'set_outdated', (set) => ({ ...set, version: 3 })],
  [
    'that calls a key by another name',
    'set_not_by_root',
    (set) => ({ ...set, keys: set.keys.map((key) => ({ ...key, kid: 'A'.repeat(16) })) }),
  ],
]

test.each(refused)('a signed set %s is refused, and nothing changes', async (_, code, change) => {
  await makeSigningKey()
  const request = await requested()
  const signed = await signKeySet(change(request), sandboxRoot())
  await expect(publishKeySet(by, { signed })).rejects.toMatchObject({ code })
  expect(await rowsOf(database, 'select version from key_sets')).toEqual([{ version: 1 }])
  const right = await signKeySet(request, sandboxRoot())
  await expect(publishKeySet(by, { signed: right })).resolves.toMatchObject({ version: 2 })
})

test('what another root has signed, or nobody, or not as a set of keys, is refused', async () => {
  const request = await requested()
  const asLease = new CompactSign(Buffer.from(JSON.stringify(request)))
    .setProtectedHeader({ alg: 'EdDSA', kid: rootKidOf(publicRoot), typ: 'lease+jwt' })
    .sign(sandboxRoot())
  const signed = await signKeySet(request, sandboxRoot())
  const [header, payload, signature] = signed.split('.')
  const unsigned = Buffer.from('{"alg":"none"}').toString('base64url')
  const others = [
    await signKeySet(request, generateKeyPairSync('ed25519').privateKey),
    `${unsigned}.${payload}.`,
    `${header}.${payload}.${'A'.repeat(86)}`,
    `${header}.${Buffer.from(JSON.stringify({ ...request, version: 2 })).toString('base64url')}.${signature}`,
    JSON.stringify(request),
    await asLease,
    '',
  ]
  for (const other of others)
    await expect(publishKeySet(by, { signed: other })).rejects.toMatchObject({ code: 'set_not_by_root' })
  expect(await verifiedKeySet(signed, publicRoot)).toEqual(request)
})

test('to rotate the ring alone makes no key, and says nothing where nothing was to do', async () => {
  const entries = () => rowsOf(database, `select from audit_entries where action = 'leases.rotate'`)
  const before = (await entries()).length
  expect(await rotateLeases(by, { ringOnly: true })).toEqual({ request: null, resealed: 0 })
  expect(await rowsOf(database, 'select from signing_keys')).toEqual([])
  expect(await entries()).toHaveLength(before)
})

test('a new ring seals every signing key anew, and they sign as before', async () => {
  await makeSigningKey()
  const waiting = await requested()
  const before = await kidThatSigns()
  const { LEASE_KEY_RING } = env()
  LEASE_KEY_RING?.set(2, randomBytes(32))
  expect(await rotateLeases(by, { ringOnly: true })).toEqual({ request: null, resealed: 2 })
  expect(await rotateLeases(by, { ringOnly: true })).toEqual({ request: null, resealed: 0 })
  LEASE_KEY_RING?.delete(1)
  const anew = createSigner(() => asSystem('a test', readPublished))
  expect(
    decodeProtectedHeader(await anew.sign('time+jwt', timeClaims('x', undefined, new Date(start)))).kid,
  ).toBe(before)
  expect(kidsIn(await requested())).toEqual(kidsIn(waiting))
})

test('where the ring was lost, the next key is made under another, and signs an hour after it was published', async () => {
  const { LEASE_KEY_RING: ring } = env()
  const before = new Map(ring)
  await at(after(0), makeSigningKey)
  ring?.clear()
  ring?.set(9, randomBytes(32))
  try {
    await expect(rotateLeases(by, { ringOnly: true })).rejects.toThrow(
      'LEASE_KEY_RING does not open the signing key',
    )
    await at(after(1), makeSigningKey)
    const anew = createSigner(() => asSystem('a test', readPublished))
    const signed = () => anew.sign('time+jwt', timeClaims('x', undefined, new Date(start)))
    await at(after(1, hour - 1), () => expect(signed()).rejects.toThrow('LEASE_KEY_RING does not open'))
    await at(after(1, hour), () => expect(signed()).resolves.toContain('.'))
  } finally {
    ring?.clear()
    for (const [version, secret] of before) ring?.set(version, secret)
  }
})

test('who made and who published a key stands in the vendor’s trail, and no secret', async () => {
  await makeSigningKey()
  const entries = await rowsOf<{ action: string; details: object }>(
    database,
    `select action, details from audit_entries where action like 'leases.%' order by sequence desc limit 2`,
  )
  const [key] = await rowsOf<{ kid: string }>(database, 'select kid from signing_keys')
  expect(entries).toEqual([
    { action: 'leases.publish', details: { version: 1, kid: key?.kid, keys: 1 } },
    { action: 'leases.rotate', details: { resealed: 0, kid: key?.kid } },
  ])
})
