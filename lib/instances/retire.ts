import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { instanceAddresses, instances } from '@/db/schema/instances'
import { command } from '@/lib/command'
import { alignRenewalsOf } from '@/lib/jobs/align-renewals'
import { takeAddress } from './add'
import { lockAnyInstance } from './edit'
import { giveBackOthersKeys } from './others-keys'

const OneInstance = z.object({ instanceId: z.uuid('not_found') })

/**
 * Takes an instance out of use. Its own keys stay bound to it and live to their own end; those of others are given back
 * there, its addresses are free again, and what renews by itself for it ends. One that is out of use already is left alone, without an entry.
 */
export const retireInstance = command(
  'instance.retire',
  OneInstance,
  async ({ tx, organizationId, now, audit, unchanged }, { instanceId }) => {
    const instance = await lockAnyInstance(tx, organizationId, instanceId)
    if (instance.retiredAt) return unchanged()
    const ofInstance = [eq(instances.organizationId, organizationId), eq(instances.id, instanceId)]
    await tx
      .update(instances)
      .set({ retiredAt: now })
      .where(and(...ofInstance))
    await tx
      .update(instanceAddresses)
      .set({ retiredAt: now })
      .where(
        and(
          eq(instanceAddresses.organizationId, organizationId),
          eq(instanceAddresses.instanceId, instanceId),
          isNull(instanceAddresses.retiredAt),
        ),
      )
    await giveBackOthersKeys(tx, { organizationId, instanceId, now })
    await alignRenewalsOf(tx, organizationId, instanceId)
    audit({ instanceId, details: { shortId: instance.shortId, label: instance.label } })
  },
)

/**
 * Takes a retired instance into use again, with the addresses it had at the end. One in use is left alone, without an entry.
 * @throws Conflict `address_taken` when another instance has taken one of them meanwhile.
 */
export const reinstateInstance = command(
  'instance.reinstate',
  OneInstance,
  async ({ tx, organizationId, now, audit, unchanged }, { instanceId }) => {
    const instance = await lockAnyInstance(tx, organizationId, instanceId)
    if (!instance.retiredAt) return unchanged()
    const addresses = await tx
      .select()
      .from(instanceAddresses)
      .where(
        and(
          eq(instanceAddresses.organizationId, organizationId),
          eq(instanceAddresses.instanceId, instanceId),
          eq(instanceAddresses.retiredAt, instance.retiredAt),
        ),
      )
    await tx
      .update(instances)
      .set({ retiredAt: null })
      .where(and(eq(instances.organizationId, organizationId), eq(instances.id, instanceId)))
    for (const { url, urlIdentity, ordinal } of addresses) {
      const address = { url, identity: urlIdentity }
      await takeAddress(tx, { organizationId, instanceId, ordinal, address, now })
    }
    audit({ instanceId, details: { shortId: instance.shortId, label: instance.label } })
  },
)
