import { desc, isNotNull } from 'drizzle-orm'
import { keySets, signingKeys } from '@/db/schema/signing-keys'
import type { SystemTx, UnscopedTx } from '@/db/scope'
import type { Sealed } from '@/lib/keys/vault'
import { keySetIn, type SigningJwk } from './key-set'

export interface PublishedKey extends Sealed {
  kid: string
  publicKey: Buffer
  signsFrom: Date
}

/** The newest set that a root has signed, and those of its keys that sign, have signed or will. */
export interface Published {
  version: number
  /** The `keys+jwt`. */
  signed: string
  jwks: SigningJwk[]
  keys: PublishedKey[]
}

/** @returns null where no set was published yet. */
export async function readPublished(tx: SystemTx | UnscopedTx): Promise<Published | null> {
  const [set] = await tx
    .select({ version: keySets.version, signed: keySets.signed })
    .from(keySets)
    .orderBy(desc(keySets.version))
    .limit(1)
  if (!set) return null
  const rows = await tx
    .select({
      kid: signingKeys.kid,
      publicKey: signingKeys.publicKey,
      cipher: signingKeys.cipher,
      ringVersion: signingKeys.ringVersion,
      signsFrom: signingKeys.signsFrom,
    })
    .from(signingKeys)
    .where(isNotNull(signingKeys.signsFrom))
  const { keys: jwks } = keySetIn(set.signed)
  const keys = rows.flatMap(({ signsFrom, ...row }) =>
    signsFrom && jwks.some(({ kid }) => kid === row.kid) ? [{ ...row, signsFrom }] : [],
  )
  return { ...set, jwks, keys }
}

/**
 * Which key signs: the newest that signs already and stands in the newest set, which is all that GLPIs believe. Where none
 * does, this machine's clock is behind the one on which the first was published, and nothing is won by waiting.
 * @returns null where there is none, since nothing was published.
 */
export function keyThatSigns<Key extends Pick<PublishedKey, 'signsFrom'>>(
  keys: readonly Key[],
  now: Date,
): Key | null {
  const begun = keys.filter(({ signsFrom }) => signsFrom <= now)
  const byTurn = (one: Key, other: Key) => one.signsFrom.getTime() - other.signsFrom.getTime()
  return begun.sort(byTurn).at(-1) ?? keys.toSorted(byTurn)[0] ?? null
}
