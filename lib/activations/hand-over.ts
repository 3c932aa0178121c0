import { env } from '@/lib/env'
import { newId } from '@/lib/ids'
import type { Call, Checked } from './check'
import { findHandover } from './facts'
import { handoverClaims, keySha256 } from './lease'
import { type HandoverNote, mayHandOver } from './rules'
import { showsSecret } from './secret'
import { signer } from './signer'

export interface HandedOver {
  /** The sealed key in a signed statement; absent: none is given. */
  handover?: string
  /** For the history. */
  notes: readonly HandoverNote[]
}

type Refreshing = Call & { installationId: string; product: string; nonce?: string | undefined }

/**
 * Gives the installation that refreshes an activation the key that takes over from its own, sealed under its own, which this
 * process cannot open. Each activation gets it for itself: a test copy with its own secret, the plugins of a suite, which
 * share an activation, by the one that has it. After a key whose money went back (a refund, a dispute) it is the newest of
 * the subscription that works, so that the term before that still runs is used to its end: at issue the new key and the
 * earlier ones were sealed under one another. Where none waits, or the caller may not have it, the answer is as ever.
 * @throws Unavailable
 */
export async function handOver(
  call: Refreshing,
  checked: Checked,
  activationId: string,
): Promise<HandedOver> {
  const { found, ownProduct, isTest, at } = checked
  if (!found || !ownProduct || isTest || found.activation?.id !== activationId) return { notes: [] }
  const verdict = mayHandOver(found, ownProduct, showsSecret(call, found.activation), at)
  if (!verdict.ok) return { notes: verdict.because === 'unproved' ? ['handover_unproved'] : [] }
  const next = await findHandover({ activationId, keyId: found.id, isPaid: verdict.which === 'next', at })
  if (!next) return { notes: [] }
  const facts = {
    issuer: env().PUBLIC_URL,
    statementId: newId(at),
    activationId,
    product: call.product,
    installationId: call.installationId,
    keySha256: keySha256(checked.key ?? ''),
    keyId: found.id,
    nextKeyId: next.keyId,
    sealed: next.sealed,
    nonce: call.nonce,
  }
  return { handover: await signer.sign('handover+jwt', handoverClaims(facts, at)), notes: ['handed_over'] }
}
