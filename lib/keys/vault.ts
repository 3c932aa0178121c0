import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { env } from '@/lib/env'

const algorithm = 'aes-256-gcm'
const nonceLength = 12
const tagLength = 16

export interface Sealed {
  ringVersion: number
  /** nonce, cipher text and tag in one */
  cipher: Buffer
}

/** Whose secrets: a process that signs leases has no ring that opens registration keys. */
export type RingName = 'KEY_RING' | 'LEASE_KEY_RING'

/**
 * Encrypts a secret under the newest version of the key ring.
 * @param identity the row that it belongs to, as associated data: a cipher text moved to another row does not open.
 */
export function seal(secret: string, identity: string, ring: RingName = 'KEY_RING'): Sealed {
  const ringVersion = newestVersion(ring)
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv(algorithm, ringKey(ring, ringVersion), nonce).setAAD(Buffer.from(identity))
  return {
    ringVersion,
    cipher: Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]),
  }
}

/** @throws when the ring lacks the version, or the cipher text is not this row's. */
export function open({ ringVersion, cipher }: Sealed, identity: string, ring: RingName = 'KEY_RING'): string {
  // With its length said, a tag that was cut short, and would be easier to guess, is refused.
  const decipher = createDecipheriv(algorithm, ringKey(ring, ringVersion), cipher.subarray(0, nonceLength), {
    authTagLength: tagLength,
  })
    .setAAD(Buffer.from(identity))
    .setAuthTag(cipher.subarray(-tagLength))
  return Buffer.concat([
    decipher.update(cipher.subarray(nonceLength, -tagLength)),
    decipher.final(),
  ]).toString('utf8')
}

/** What a key is looked up by. An HMAC, so that a copy of the database does not tell whether it holds a given key. */
export function fingerprint(key: string): Buffer {
  return createHmac('sha256', keyOf(env().KEY_FINGERPRINT_SECRET)).update(key).digest()
}

/** A sealed secret as one string, for a job's payload. */
export function sealText(secret: string, identity: string): string {
  const { ringVersion, cipher } = seal(secret, identity)
  return `${ringVersion}.${cipher.toString('base64url')}`
}

export function openText(sealed: string, identity: string): string {
  const [version = '', cipher = ''] = sealed.split('.')
  return open({ ringVersion: Number(version), cipher: Buffer.from(cipher, 'base64url') }, identity)
}

/** The version that secrets are sealed under. @throws Error when the environment has no such ring. */
export const newestVersion = (ring: RingName) => Math.max(...versionsOf(ring).keys())

function versionsOf(ring: RingName): Map<number, Buffer> {
  const versions = env()[ring]
  if (!versions) throw new Error(`${ring} is missing; .env.example explains it`)
  return versions
}

function ringKey(ring: RingName, version: number): KeyObject {
  const secret = versionsOf(ring).get(version)
  if (!secret) throw new Error(`${ring} has no version ${version}, which stored keys need`)
  return keyOf(secret)
}

const keyObjects = new WeakMap<Buffer, KeyObject>()

/** The secret as Node's crypto wants it, kept: to make it anew takes three times as long as what it is made for. */
function keyOf(secret: Buffer): KeyObject {
  const known = keyObjects.get(secret)
  if (known) return known
  const made = createSecretKey(secret)
  keyObjects.set(secret, made)
  return made
}
