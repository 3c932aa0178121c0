import { generateKeyPairSync } from 'node:crypto'
import { and, eq, isNull, ne, sql } from 'drizzle-orm'
import { z } from 'zod'
import { keySets, signingKeys } from '@/db/schema/signing-keys'
import type { SystemTx } from '@/db/scope'
import { vendorCommand } from '@/lib/command'
import { env } from '@/lib/env'
import { Refused } from '@/lib/errors'
import { newestVersion, open, type Sealed, seal } from '@/lib/keys/vault'
import { jwkOf, type KeySet, kidOf, type NextSet, publicBytes } from './key-set'

export const longestReason = 500

const RotateLeases = z
  .object({
    /** Makes no key. */
    ringOnly: z.boolean().default(false),
    /** The key that somebody else may have. */
    drop: z.string().optional(),
    reason: z.string().trim().max(longestReason, 'too_long').optional(),
  })
  .refine(({ drop, reason }) => drop === undefined || reason, { path: ['reason'], message: 'required' })

/**
 * Makes the next signing key, which waits until the root has signed it, unless one waits already; and seals all of them
 * under the newest version of LEASE_KEY_RING. A key that is dropped signs on until a set without it is published, since
 * nothing else could; nothing that it has signed is believed then.
 * @returns the set that the root is asked to sign, null where only the ring was rotated; and how many were sealed anew.
 * @throws Refused `signing_key_unknown`
 */
export const rotateLeases = vendorCommand(
  'leases.rotate',
  RotateLeases,
  async ({ tx, now, audit, unchanged }, { ringOnly, drop, reason }) => {
    await lockSigningKeys(tx)
    const dropped = drop ? await dropKey(tx, drop, now) : false
    const resealed = await resealOlder(tx, ringOnly)
    const made = ringOnly ? null : await makeUnlessOneWaits(tx, now)
    if (made || resealed > 0 || dropped)
      audit({
        details: { resealed, kid: made, ...(drop && dropped && { dropped: drop, reason: reason ?? '' }) },
      })
    else unchanged()
    const { waiting: _, ...set } = await nextSet(tx, now)
    const request: KeySet | null = ringOnly ? null : set
    return { request, resealed }
  },
)

/** @returns false where it was dropped before */
async function dropKey(tx: SystemTx, kid: string, now: Date): Promise<boolean> {
  const dropped = await tx
    .update(signingKeys)
    .set({ droppedAt: now })
    .where(and(eq(signingKeys.kid, kid), isNull(signingKeys.droppedAt)))
    .returning({ kid: signingKeys.kid })
  if (dropped.length > 0) return true
  const [known] = await tx.select({ kid: signingKeys.kid }).from(signingKeys).where(eq(signingKeys.kid, kid))
  if (!known) throw new Refused('signing_key_unknown')
  return false
}

/** Keys are made, published and sealed one at a time. */
export const lockSigningKeys = (tx: SystemTx) =>
  tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('signing keys', 0))`)

/** What the root would have to sign now: every key of which a lease may still be good, under the next number. */
export async function nextSet(tx: SystemTx, now: Date): Promise<NextSet> {
  const [newest] = await tx
    .select({ version: sql<number>`coalesce(max(${keySets.version}), 0)` })
    .from(keySets)
  const rows = await tx
    .select()
    .from(signingKeys)
    .where(isNull(signingKeys.droppedAt))
    .orderBy(signingKeys.createdAt, signingKeys.kid)
  const needed = rows.filter(({ lastExpiresAt }) => !lastExpiresAt || lastExpiresAt > now)
  return {
    iss: env().PUBLIC_URL,
    version: (newest?.version ?? 0) + 1,
    iat: Math.floor(now.getTime() / 1_000),
    keys: needed.map(({ publicKey }) => jwkOf(publicKey)),
    waiting: rows.find(({ signsFrom }) => !signsFrom)?.kid ?? null,
  }
}

async function makeUnlessOneWaits(tx: SystemTx, now: Date): Promise<string | null> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const publicKey = publicBytes(privateKey)
  const kid = kidOf(publicKey)
  const { d = '' } = privateKey.export({ format: 'jwk' })
  const rows = await tx
    .insert(signingKeys)
    .values({ kid, publicKey, createdAt: now, ...seal(d, kid, 'LEASE_KEY_RING') })
    .onConflictDoNothing()
    .returning({ kid: signingKeys.kid })
  return rows[0]?.kid ?? null
}

/** @param all whether one that does not open is an error: where a ring was lost, the next key must be made nevertheless */
async function resealOlder(tx: SystemTx, all: boolean): Promise<number> {
  const older = await tx
    .select({ kid: signingKeys.kid, cipher: signingKeys.cipher, ringVersion: signingKeys.ringVersion })
    .from(signingKeys)
    .where(ne(signingKeys.ringVersion, newestVersion('LEASE_KEY_RING')))
  let resealed = 0
  for (const { kid, ...sealed } of older) {
    const secret = openOrNull(sealed, kid)
    if (secret === null && all)
      throw new Error(
        `LEASE_KEY_RING does not open the signing key ${kid}, of version ${sealed.ringVersion}.`,
      )
    if (secret === null) continue
    await tx
      .update(signingKeys)
      .set(seal(secret, kid, 'LEASE_KEY_RING'))
      .where(eq(signingKeys.kid, kid))
    resealed++
  }
  return resealed
}

function openOrNull(sealed: Sealed, kid: string): string | null {
  try {
    return open(sealed, kid, 'LEASE_KEY_RING')
  } catch {
    return null
  }
}
