import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { CompactSign, compactVerify, decodeJwt } from 'jose'
import { z } from 'zod'

/*
 * The set of signing keys, as the root signs it. It needs neither environment nor database: it is signed where there are
 * none, on a machine that no network reaches.
 */

const SigningJwk = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  kid: z.string(),
  use: z.literal('sig'),
  alg: z.literal('EdDSA'),
})
export type SigningJwk = z.infer<typeof SigningJwk>

/** The payload of `keys+jwt`. */
export const KeySet = z.strictObject({
  iss: z.string(),
  version: z.int().min(1),
  iat: z.int(),
  keys: z.array(SigningJwk).min(1),
})
export type KeySet = z.infer<typeof KeySet>

const typ = 'keys+jwt'

/** What a signing key is called: the beginning of the hash of its public half. */
export const kidOf = (publicKey: Buffer) =>
  createHash('sha256').update(publicKey).digest('base64url').slice(0, 16)

export const rootKidOf = (publicKey: Buffer) => `root-${kidOf(publicKey)}`

/** The 32 bytes of the public half. */
export function publicBytes(key: KeyObject): Buffer {
  const { x = '' } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' })
  return Buffer.from(x, 'base64url')
}

export const jwkOf = (publicKey: Buffer): SigningJwk => ({
  kty: 'OKP',
  crv: 'Ed25519',
  x: publicKey.toString('base64url'),
  kid: kidOf(publicKey),
  use: 'sig',
  alg: 'EdDSA',
})

/** Signs which keys there are. @param root the root's private half */
export function signKeySet(set: KeySet, root: KeyObject): Promise<string> {
  const header = { alg: 'EdDSA', kid: rootKidOf(publicBytes(root)), typ }
  return new CompactSign(Buffer.from(JSON.stringify(set))).setProtectedHeader(header).sign(root)
}

/**
 * @param root the root's public half, 32 bytes
 * @returns what was signed, or null when it was not by this root, or is no set of keys
 */
export async function verifiedKeySet(signed: string, root: Buffer): Promise<KeySet | null> {
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: root.toString('base64url') },
    format: 'jwk',
  })
  try {
    const { payload, protectedHeader } = await compactVerify(signed, key, { algorithms: ['EdDSA'] })
    if (protectedHeader.typ !== typ || protectedHeader.kid !== rootKidOf(root)) return null
    const set = KeySet.parse(JSON.parse(Buffer.from(payload).toString()))
    const isNamedRight = ({ x, kid }: SigningJwk) => kid === kidOf(Buffer.from(x, 'base64url'))
    return set.keys.every(isNamedRight) ? set : null
  } catch {
    return null
  }
}

/** What stands in a set that was verified before it was stored. */
export const keySetIn = (signed: string): KeySet => KeySet.parse(decodeJwt(signed))

/** The next set: what has to stand in it, and what may. */
export interface NextSet extends Pick<KeySet, 'iss' | 'version' | 'iat'> {
  keys: SigningJwk[]
  /** The key that waits to be published; null where none was asked for. */
  waiting: string | null
}

export type PublishVerdict = { ok: true } | { ok: false; because: 'set_outdated' | 'set_not_as_requested' }

/**
 * Whether a set that the root has signed is the one that was asked for. One of its keys may have ended since, and stand in
 * it nevertheless.
 * @param known the kids of all keys that there are
 */
export function mayPublish(set: KeySet, next: NextSet, known: ReadonlySet<string>): PublishVerdict {
  if (set.version !== next.version || next.waiting === null) return { ok: false, because: 'set_outdated' }
  const kids = set.keys.map(({ kid }) => kid)
  const isWhole = next.keys.every(({ kid }) => kids.includes(kid)) && kids.every((kid) => known.has(kid))
  // Dated in the future it would be refused by GLPIs.
  const isOurs = set.iss === next.iss && set.iat <= next.iat
  return isWhole && isOurs ? { ok: true } : { ok: false, because: 'set_not_as_requested' }
}
