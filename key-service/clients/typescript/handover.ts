import { createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import type { Kept, Next } from './kept'
import type { Claims } from './statements'

/* The key that the portal hands over when it was renewed, so that nobody pastes it. */

const nonceLength = 12
const tagLength = 16
/** Of how many earlier keys the secret is kept. */
const mostSecrets = 10

/**
 * Opens what was sealed under a key: AES-256-GCM under HKDF-SHA256 of the key, for the two rows that are named. A portal that
 * is none can sign nothing, and one that is taken over does not know the key's string until it is told: what opens comes from
 * whoever issued both. Null: it does not open.
 */
export function openHandover({ key_id: id, next_key_id: nextId, sealed_key: text }: Claims, key: string) {
  const sealed = Buffer.from(typeof text === 'string' ? text : '', 'base64url')
  if (typeof id !== 'string' || typeof nextId !== 'string' || sealed.length <= nonceLength + tagLength)
    return null
  const secret = Buffer.from(hkdfSync('sha256', key, '', 'latchkey handover 1', 32))
  const options = { authTagLength: tagLength }
  try {
    const opening = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, nonceLength), options)
      .setAAD(Buffer.from(`${id}.${nextId}`))
      .setAuthTag(sealed.subarray(-tagLength))
    const within = opening.update(sealed.subarray(nonceLength, -tagLength))
    return Buffer.concat([within, opening.final()]).toString('utf8')
  } catch {
    return null
  }
}

/** What is to be kept of a key that was handed over. The same one again keeps its secret, which may have been sent. */
export function nextOf(kept: Kept, key: string): Next | null {
  if (key === kept.key) return null
  if (key === kept.next?.key) return kept.next
  return { key, secret: kept.secrets[nameOf(key)] ?? randomBytes(32).toString('base64url'), tried: false }
}

/** The secrets with that of the key at hand, the newest last. */
export function secretsWith({ key, secret, secrets }: Kept): Record<string, string> {
  if (key === null || secret === null) return secrets
  const { [nameOf(key)]: _, ...others } = secrets
  return Object.fromEntries([...Object.entries(others), [nameOf(key), secret]].slice(-mostSecrets))
}

function nameOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}
