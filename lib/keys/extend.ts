import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { extensions, keys } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { command } from '@/lib/command'
import { Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { timeZoneOf } from '@/lib/organizations/queries'
import { withoutKeys } from './free-text'
import { at } from './issue'
import { aboutKey, lockKey } from './lock'
import { mayExtend, mayExtendTo, stateOf } from './rules'
import { refuseSecondKey } from './second'

const ExtendKey = z.object({
  keyId: z.uuid('not_found'),
  until: z.date('required'),
  reason: z.string('required').trim().min(1, 'required').max(1_000, 'too_long'),
})

/**
 * Moves a key's end to a later day; its term stays.
 * @throws Refused with the verdict of `mayExtend` or, to an account manager, of `mayExtendTo` and, where the key has expired,
 * of `mayWorkBeside`.
 */
export const extendKey = command(
  'key.extend',
  ExtendKey,
  async ({ tx, organizationId, personId, role, now, audit }, { keyId, until, reason }) => {
    const key = await lockKey(tx, organizationId, keyId)
    const verdict = mayExtend(key, until)
    if (!verdict.ok) throw new Refused(verdict.because, { shortId: key.shortId })
    const alone = mayExtendTo(role, key, until, now, await timeZoneOf(tx, organizationId))
    if (!alone.ok) throw new Refused(alone.because, { shortId: key.shortId, days: alone.days })
    if (role === 'manager' && stateOf(key, now) === 'expired')
      await refuseSecondKey(tx, { organizationId, instanceId: key.instanceId }, key.product, now)
    const from = key.expiresAt
    if (!from) throw new Error('mayExtend lets no key pass that never ends')
    const written = await withoutKeys(tx, reason)
    await moveEnd(tx, { organizationId, keyId, from, until, reason: written, personId, now })
    const details = {
      shortId: key.shortId,
      product: key.product.name,
      until: until.toISOString(),
      reason: written,
    }
    audit({ keyId, ...at(key.instanceId), details })
  },
  { once: true, about: ({ keyId }) => aboutKey(keyId) },
)

interface Moved {
  organizationId: string
  keyId: string
  /** The end that it has, of the key as it was locked. */
  from: Date
  until: Date
  /** Without a key in it. */
  reason: string
  personId: string | null
  now: Date
}

/** Writes that a key's end is another one, in the caller's transaction, which has locked the key and asked the rules. */
export async function moveEnd(
  tx: OrganizationTx,
  { organizationId, keyId, from, until, reason, personId, now }: Moved,
) {
  await tx.insert(extensions).values({
    id: newId(now),
    organizationId,
    keyId,
    fromExpiresAt: from,
    toExpiresAt: until,
    reason,
    extendedAt: now,
    extendedById: personId,
  })
  await tx
    .update(keys)
    .set({ expiresAt: until })
    .where(and(eq(keys.organizationId, organizationId), eq(keys.id, keyId)))
}
