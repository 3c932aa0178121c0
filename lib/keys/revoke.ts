import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { restorations, revocationReason, revocations } from '@/db/schema/keys'
import { command } from '@/lib/command'
import { Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { withoutKeys } from './free-text'
import { at } from './issue'
import { lockKey } from './lock'
import { mayRevoke } from './rules'

const Note = z.string().trim().max(1_000, 'too_long').default('')

const RevokeKey = z.object({
  keyId: z.uuid('not_found'),
  reason: z.enum(revocationReason.enumValues, 'required'),
  note: Note,
})

/** Ends a key early, with a reason. @throws Refused with the verdict of `mayRevoke`. */
export const revokeKey = command(
  'key.revoke',
  RevokeKey,
  async ({ tx, organizationId, personId, now, audit }, { keyId, reason, note }) => {
    const key = await lockKey(tx, organizationId, keyId)
    const verdict = mayRevoke(key, now)
    if (!verdict.ok) throw new Refused(verdict.because, { shortId: key.shortId })
    const written = (await withoutKeys(tx, note)) || null
    await tx.insert(revocations).values({
      id: newId(now),
      organizationId,
      keyId,
      reason,
      note: written,
      revokedAt: now,
      revokedById: personId,
    })
    const details = { shortId: key.shortId, product: key.product.name, reason, note: written }
    audit({ keyId, ...at(key.instanceId), details })
  },
)

const RestoreKey = z.object({ keyId: z.uuid('not_found'), note: Note })

/** Undoes a revocation. @throws Refused `not_revoked`. */
export const restoreKey = command(
  'key.restore',
  RestoreKey,
  async ({ tx, organizationId, personId, now, audit }, { keyId, note }) => {
    const key = await lockKey(tx, organizationId, keyId)
    if (!key.revocation) throw new Refused('not_revoked', { shortId: key.shortId })
    const written = (await withoutKeys(tx, note)) || null
    await tx
      .update(revocations)
      .set({ restoredAt: now })
      .where(and(eq(revocations.organizationId, organizationId), eq(revocations.id, key.revocation.id)))
    await tx.insert(restorations).values({
      revocationId: key.revocation.id,
      organizationId,
      note: written,
      restoredAt: now,
      restoredById: personId,
    })
    audit({
      keyId,
      ...at(key.instanceId),
      details: { shortId: key.shortId, product: key.product.name, note: written },
    })
  },
)
