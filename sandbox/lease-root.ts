import { createPrivateKey } from 'node:crypto'
import { asSystem } from '@/db/scope'
import { signKeySet } from '@/lib/activations/key-set'
import { publishKeySet } from '@/lib/activations/publish'
import { rotateLeases } from '@/lib/activations/rotate'
import { readPublished } from '@/lib/activations/signing-keys'

const by = { actor: { kind: 'system' } } as const

/** The private half of the sandbox's own root. */
export function sandboxRoot() {
  const key = Buffer.from(process.env.SANDBOX_LEASE_ROOT ?? '', 'base64')
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

/** Makes a signing key, has the sandbox's root sign it, and publishes it: the first signs at once, another in an hour. */
export async function makeSigningKey() {
  const { request } = await rotateLeases(by, {})
  if (!request) throw new Error('a rotation asks the root to sign')
  return publishKeySet(by, { signed: await signKeySet(request, sandboxRoot()) })
}

/** The same where no key was published yet. @returns false when there was nothing to do. */
export async function makeFirstSigningKey(): Promise<boolean> {
  if (await asSystem('look for signing keys', readPublished)) return false
  await makeSigningKey()
  return true
}
