import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { noEarlier } from '@/db/no-earlier'
import { activations } from '@/db/schema/activations'
import { command } from '@/lib/command'
import { NotFound, Refused } from '@/lib/errors'
import { lockKey } from '@/lib/keys/lock'
import { placeLeftUntil } from './place-left'
import { isProved } from './secret'

const GiveBack = z.object({
  keyId: z.uuid(),
  activationId: z.uuid(),
  installationId: z.string(),
  secret: z.string().optional(),
})

/**
 * Ends an activation: nothing refreshes it any more. Its place is free once the last lease or offline file that the
 * installation had there has run out (DESIGN §2, rule 4).
 * Asked again by the same installation, whose answer may have been lost, it says the same again.
 * @returns the day on which that is
 * @param secret the activation's; who has none but knows key and installation ID could end it and begin another, of which it
 * would be told the secret
 * @throws NotFound where the installation has no such activation; Refused `secret_needed`
 */
export const giveBack = command(
  'activation.give_back',
  GiveBack,
  async ({ tx, organizationId, now, audit, unchanged }, { keyId, activationId, installationId, secret }) => {
    const key = await lockKey(tx, organizationId, keyId)
    const own = and(
      eq(activations.organizationId, organizationId),
      eq(activations.id, activationId),
      eq(activations.keyId, keyId),
      eq(activations.installationId, installationId),
    )
    const [held] = await tx.select({ hash: activations.secretHash }).from(activations).where(own)
    if (!held) throw new NotFound('activation')
    if (!isProved(secret, held.hash)) throw new Refused('secret_needed')
    const given = await tx
      .update(activations)
      .set({ givenBackAt: noEarlier(now, activations.createdAt) })
      .where(and(own, isNull(activations.givenBackAt)))
      .returning()
    const [activation] = given.length > 0 ? given : await tx.select().from(activations).where(own)
    if (!activation) throw new NotFound('activation')
    const { instanceId } = activation
    const freesAt = await placeLeftUntil(tx, organizationId, activation)
    if (given.length === 0) {
      unchanged()
      return { freesAt }
    }
    audit({
      keyId,
      instanceId,
      details: {
        shortId: key.shortId,
        product: key.product.name,
        installation: installationId,
        until: freesAt.toISOString(),
      },
    })
    return { freesAt }
  },
)
