import { createHash } from 'node:crypto'
import { bech32m } from '@scure/base'
import { now } from '@/lib/clock'
import { uuidFrom } from '@/lib/ids'
import { prefixes } from '@/lib/keys/checksum'
import { stateOf } from '@/lib/keys/rules'
import { type CheckedProduct, catalog, unlockedBy } from './catalog'
import type { Call, Checked } from './check'
import type { FoundKey } from './facts'
import { takeAddressTurn } from './limits'
import { type CheckCode, type CheckNote, type CheckVerdict, checkNotes, type Place } from './rules'
import { testRoot } from './test-signer'

/*
 * Keys for those who write plugins: of each product one per verdict, which always gets it. Whoever knows a product's name
 * can make them, so what is said of them is signed by keys that everybody has (test-signer.ts), and nothing is written.
 */

/** A verdict, or a note that `ok` carries. `unknown` and `malformed` need no key of their own. */
export const testCases = [
  'ok',
  ...checkNotes,
  'wrong_product',
  'wrong_kind',
  'not_started',
  'expired',
  'revoked',
  'bound_elsewhere',
] as const satisfies readonly (CheckCode | CheckNote)[]
export type TestCase = (typeof testCases)[number]

const testRefusalCode = 'TEST00'
const testShortId = 'K-TEST00'
const day = 86_400_000

const kindOf = (testCase: TestCase) => (testCase === 'wrong_kind' ? 'trial' : 'subscription')

/** The test key of a product, always the same: in the form of every other key. */
export function testKey(reference: string, testCase: TestCase): string {
  const hash = createHash('sha256').update(`test key ${reference} ${testCase}`).digest()
  return bech32m.encode(
    prefixes[kindOf(testCase)],
    Array.from(hash.subarray(0, 26), (byte) => byte & 31),
  )
}

/**
 * The test keys of a product, for who writes the plugin. Null where no such product is sold.
 * @throws Refused `too_many`; Unavailable
 */
export async function listTestKeys(reference: string, from: string) {
  await takeAddressTurn(from)
  const product = (await catalog()).byReference.get(reference)
  if (!product || product.openSource) return null
  return {
    product: reference,
    root_public_key: testRoot,
    keys: testCases.map((testCase) => ({ key: testKey(reference, testCase), ...answerOf(testCase) })),
  }
}

/** What is always answered. */
export function answerOf(testCase: TestCase): { code: CheckCode; notes: CheckNote[] } {
  const note = checkNotes.find((one) => one === testCase)
  // `ok` carries the notes, and every other case is a code
  return note ? { code: 'ok', notes: [note] } : { code: testCase as CheckCode, notes: [] }
}

type Products = ReadonlyMap<string, CheckedProduct>
type Known = { product: CheckedProduct; testCase: TestCase }
/** By the catalog that they were made of, which lives for a minute. */
const known = new WeakMap<Products, Map<string, Known>>()

function testKeysOf(products: Products): Map<string, Known> {
  const made =
    known.get(products) ??
    new Map(
      [...products.values()]
        .filter(({ openSource }) => !openSource)
        .flatMap((product) =>
          testCases.map((testCase) => [testKey(product.reference, testCase), { product, testCase }]),
        ),
    )
  known.set(products, made)
  return made
}

type TestAnswer = Omit<Checked, 'key' | 'fingerprint' | 'fault' | 'at'>

/**
 * The verdict on a test key, in memory; null where it is none. A product that it does not unlock gets `wrong_product`, as
 * with every other key.
 */
export function judgeTestKey(key: string, call: Call, products: Products, at = now()): TestAnswer | null {
  const test = testKeysOf(products).get(key)
  if (!test) return null
  const { product: own, testCase } = test
  const foreign = call.product !== undefined && !unlockedBy(own).includes(call.product)
  const said = foreign ? 'wrong_product' : testCase
  const { code, notes } = answerOf(said)
  const found = factsOf(key, own, said, call, at)
  const [place] = found.places
  const state = stateOf(found, at)
  const verdict: CheckVerdict =
    code === 'ok'
      ? { ok: true, code, notes, state, place: place ?? null, binds: false, asks: null }
      : { ok: false, code, notes: [], state }
  const asking = call.product ? (products.get(call.product) ?? null) : own
  return {
    isTest: true,
    code,
    notes,
    verdict,
    found,
    product: asking,
    ownProduct: said === 'wrong_product' && asking ? otherThan(asking, products) : own,
    refusalCode: code === 'bound_elsewhere' ? testRefusalCode : null,
  }
}

/** A product that the sentence can name as the one the key is for. */
const otherThan = (asking: CheckedProduct, products: Products) =>
  [...products.values()].find(({ id, openSource }) => id !== asking.id && !openSource) ?? asking

/** What a key with this verdict would be like; of its instance, that the caller is it. */
function factsOf(key: string, own: CheckedProduct, said: TestCase, call: Call, at: Date): FoundKey {
  const { installationId } = call
  const id = uuidFrom(key)
  const from = (days: number) => new Date(at.getTime() + days * day)
  const environment = 'production'
  const place: Place = {
    instanceId: id,
    environment,
    installationId: installationId ?? null,
    url: call.url ?? null,
    here: true,
    own: true,
    taken: false,
    freeFrom: null,
    copyUntil: null,
  }
  const activation = installationId
    ? ({ id: testActivation(key, installationId), instanceId: id, environment, secretHash: '' } as const)
    : null
  return {
    id,
    organizationId: id,
    shortId: testShortId,
    kind: kindOf(said),
    binding: 'installation',
    productId: own.id,
    startsAt: from(said === 'not_started' ? 1 : -400),
    expiresAt: from(said === 'expired' ? -1 : 400),
    termEndsAt: null,
    renewedAt: said === 'renewed' || said === 'replaced' ? from(-1) : null,
    replacedAt: said === 'replaced' ? from(-1) : null,
    firstSeenAt: from(-400),
    revoked: said === 'revoked',
    revokedReason: said === 'revoked' ? 'requested' : null,
    organization: { name: 'Test', slug: 'test', timeZone: 'UTC' },
    places: installationId ? [place] : [],
    followed: false,
    activation,
  }
}

/** The activation that an installation has with a test key. */
export const testActivation = (key: string, installationId: string) => uuidFrom(`${key} ${installationId}`)
