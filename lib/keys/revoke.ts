import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { restorations, revocationReason, revocations } from '@/db/schema/keys'
import { command } from '@/lib/command'
import { Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { stopPayments } from '@/lib/jobs/align-renewals'
import { Note, noteOf, withoutKeys } from './free-text'
import { forgetSealed } from './hand-over'
import { at } from './issue'
import { aboutKey, lockKey } from './lock'
import { mayRevoke, mostRevocations, stateOf, works } from './rules'
import { refuseSecondKey } from './second'

const RevokeKey = z.object({
  keyId: z.uuid('not_found'),
  reason: z.enum(revocationReason.enumValues, 'required'),
  note: Note.default(''),
})

/**
 * Ends a key early, with a reason, and what would be paid for its next term. Of one that leaked what is sealed under it is
 * removed as well: who has it and a copy of the database would open the key after it.
 * @throws Refused with the verdict of `mayRevoke`; `too_many`: an account manager revokes ten an hour, whoever's they are.
 */
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
    if (key.termId) await stopPayments(tx, organizationId, keyId)
    if (reason === 'leaked') await forgetSealed(tx, organizationId, keyId)
    const details = { shortId: key.shortId, product: key.product.name, reason, note: written }
    audit({ keyId, ...at(key.instanceId), details })
  },
  {
    about: ({ keyId }) => aboutKey(keyId),
    limits: (_input, personId, role) =>
      role === 'manager'
        ? [{ name: 'revoke', key: `${personId}`, points: mostRevocations, perSeconds: 3_600 }]
        : [],
  },
)

const RestoreKey = z.object({ keyId: z.uuid('not_found'), note: Note.default('') })

/**
 * Undoes a revocation. Staff say why.
 * @throws Refused `not_revoked`, or to an account manager with the verdict of `mayWorkBeside`.
 */
export const restoreKey = command(
  'key.restore',
  RestoreKey,
  async (scope, { keyId, note }) => {
    const { tx, organizationId, personId, role, now, audit } = scope
    const key = await lockKey(tx, organizationId, keyId)
    if (!key.revocation) throw new Refused('not_revoked', { shortId: key.shortId })
    const written = await noteOf(scope, note)
    if (role === 'manager' && works(stateOf({ ...key, revoked: false }, now)))
      await refuseSecondKey(tx, { organizationId, instanceId: key.instanceId }, key.product, now)
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
  { about: ({ keyId }) => aboutKey(keyId) },
)
