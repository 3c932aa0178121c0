import { createHash, createPublicKey, type KeyObject, verify as verifySignature } from 'node:crypto'

/** What a statement says; each member is looked at before it is believed. */
export type Claims = Record<string, unknown>
export type Checked = { ok: true; claims: Claims } | { ok: false; because: string }

/** The signing keys that the root vouches for. */
export interface KeySet {
  version: number
  issuedAt: number
  keys: Map<string, KeyObject>
}

/** More than any statement of the portal has; bounds the work that a stranger can cause. */
const longestStatement = 65_536

/** Reads base64url as it is written by those who write it: another spelling of the same bytes is refused. */
function bytesOf(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : null
}

/** Reads a JSON object; null where the text is anything else. */
export function objectOf(text: string): Claims | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

export function isObject(value: unknown): value is Claims {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

/** Makes a key of the 32 bytes of an Ed25519 key's public half. */
function publicKey(x: string): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

function openStatement(text: unknown, typ: string, keyOf: (kid: string) => KeyObject | undefined): Checked {
  if (typeof text !== 'string') return { ok: false, because: 'no_signature' }
  const [head, body, signature, ...more] = text.length > longestStatement ? [] : text.split('.')
  if (!head || !body || !signature || more.length > 0) return { ok: false, because: 'no_signature' }
  const header = objectOf(bytesOf(head)?.toString('utf8') ?? '')
  const claims = objectOf(bytesOf(body)?.toString('utf8') ?? '')
  const signed = bytesOf(signature)
  if (!header || !claims || !signed) return { ok: false, because: 'no_signature' }
  const { alg, kid } = header
  // Exactly these three: what the header asks for beyond them (`crit`, `jwk`, `b64`) would be ignored here and not there.
  if (Object.keys(header).length !== 3 || alg !== 'EdDSA' || header.typ !== typ || typeof kid !== 'string') {
    return { ok: false, because: 'wrong_header' }
  }
  const key = keyOf(kid)
  if (!key) return { ok: false, because: 'unknown_kid' }
  const good = verifySignature(null, Buffer.from(`${head}.${body}`), key, signed)
  return good ? { ok: true, claims } : { ok: false, because: 'wrong_signature' }
}

/** Verifies what a signing key of the set has signed. The caller compares the claims with what it asked for. */
export function verifyStatement(text: unknown, typ: string, keySet: KeySet | null): Checked {
  return openStatement(text, typ, (kid) => keySet?.keys.get(kid))
}

/**
 * Verifies the list of signing keys by the root alone: what the portal's host shows beside it is not believed.
 * @param rootPublicKey the 32 bytes of the root's public half, in base64.
 */
export function verifyKeySet(text: unknown, rootPublicKey: string, issuer: string): KeySet | null {
  const root = Buffer.from(rootPublicKey, 'base64')
  const rootKid = `root-${kidOf(root)}`
  const checked = openStatement(text, 'keys+jwt', (kid) =>
    kid === rootKid ? publicKey(root.toString('base64url')) : undefined,
  )
  if (!checked.ok) return null
  const { iss, version, iat, keys } = checked.claims
  if (iss !== issuer || !isTime(version) || !isTime(iat) || !Array.isArray(keys)) return null
  const read = new Map<string, KeyObject>()
  for (const entry of keys) {
    if (!isObject(entry)) return null
    const { kty, crv, x, kid } = entry
    if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') return null
    const bytes = bytesOf(x)
    if (bytes?.length !== 32 || kid !== kidOf(bytes)) return null
    read.set(kid, publicKey(x))
  }
  return { version, issuedAt: iat, keys: read }
}

/** A key's name says what it is made of, so that no two keys share one. */
function kidOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 16)
}

/** Whole and not negative, as seconds and versions are. */
export function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
