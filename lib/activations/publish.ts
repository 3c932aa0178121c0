import { and, eq, isNotNull, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { keySets, signingKeys } from '@/db/schema/signing-keys'
import type { SystemTx } from '@/db/scope'
import { vendorCommand } from '@/lib/command'
import { env } from '@/lib/env'
import { Refused } from '@/lib/errors'
import { mayPublish, rootKidOf, verifiedKeySet } from './key-set'
import { longestDays } from './lease'
import { lockSigningKeys, nextSet } from './rotate'

/** Processes read what is published once a minute, and GLPIs when they meet a key that they do not know. */
const publishedAhead = 3_600_000
/** Clocks differ, and a GLPI forgives some minutes: a day more is surely enough. */
const lastsAfterwards = (longestDays + 1) * 86_400_000

const PublishKeySet = z.object({ signed: z.string().trim().max(100_000) })

/**
 * Publishes a set of keys that the root has signed. Its new key signs from an hour later on, or at once where it is the
 * first; the one before stops then, and stays in the sets until the last of its leases has ended.
 * @throws Refused `set_not_by_root`, `set_outdated` when another set was published since or nothing waits, or
 * `set_not_as_requested`.
 */
export const publishKeySet = vendorCommand(
  'leases.publish',
  PublishKeySet,
  async ({ tx, now, audit, unchanged }, { signed }) => {
    const root = env().LEASE_ROOT_PUBLIC_KEY
    if (!root) throw new Error('LEASE_ROOT_PUBLIC_KEY is missing; .env.example explains it')
    const set = await verifiedKeySet(signed, root)
    if (!set) throw new Refused('set_not_by_root')
    await lockSigningKeys(tx)
    const [same] = await tx.select().from(keySets).where(eq(keySets.signed, signed))
    if (same) {
      unchanged()
      return { version: set.version, signsFrom: null }
    }
    const next = await nextSet(tx, now)
    const known = await tx.select({ kid: signingKeys.kid }).from(signingKeys)
    const verdict = mayPublish(set, next, new Set(known.map(({ kid }) => kid)))
    if (!verdict.ok) throw new Refused(verdict.because)
    const signsFrom = await letSign(tx, now)
    await tx
      .insert(keySets)
      .values({ version: set.version, signed, rootKid: rootKidOf(root), createdAt: now })
    audit({ details: { version: set.version, kid: next.waiting, keys: set.keys.length } })
    return { version: set.version, signsFrom }
  },
)

/** Ends the turn of the key that signs, and begins that of the one that waits. */
async function letSign(tx: SystemTx, now: Date): Promise<Date> {
  const next = new Date(now.getTime() + publishedAhead)
  const stopped = await tx
    .update(signingKeys)
    .set({ stopsAt: next, lastExpiresAt: new Date(next.getTime() + lastsAfterwards) })
    .where(and(isNotNull(signingKeys.signsFrom), isNull(signingKeys.stopsAt)))
    .returning({ kid: signingKeys.kid })
  const signsFrom = stopped.length > 0 ? next : now
  await tx.update(signingKeys).set({ signsFrom }).where(isNull(signingKeys.signsFrom))
  return signsFrom
}
