import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { activations } from '@/db/schema/activations'
import { command } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { lockKey } from '@/lib/keys/lock'

const GiveBack = z.object({ keyId: z.uuid(), activationId: z.uuid(), installationId: z.string() })

/**
 * Ends an activation: nothing refreshes it any more. Its place is free once its last lease has run out (DESIGN §2, rule 4).
 * @returns the day on which that is
 * @throws NotFound where the installation has no such activation
 */
export const giveBack = command(
  'activation.give_back',
  GiveBack,
  async ({ tx, organizationId, now, audit }, { keyId, activationId, installationId }) => {
    const key = await lockKey(tx, organizationId, keyId)
    const [given] = await tx
      .update(activations)
      .set({ givenBackAt: now })
      .where(
        and(
          eq(activations.organizationId, organizationId),
          eq(activations.id, activationId),
          eq(activations.keyId, keyId),
          eq(activations.installationId, installationId),
          isNull(activations.givenBackAt),
        ),
      )
      .returning({ leaseEndsAt: activations.leaseEndsAt, instanceId: activations.instanceId })
    if (!given) throw new NotFound('activation')
    const { leaseEndsAt, instanceId } = given
    const until = leaseEndsAt.toISOString()
    audit({
      keyId,
      instanceId,
      details: {
        shortId: key.shortId,
        product: key.product.name,
        installation: installationId,
        until,
      },
    })
    return { freesAt: leaseEndsAt }
  },
)
