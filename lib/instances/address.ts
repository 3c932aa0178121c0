import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { instanceAddresses } from '@/db/schema/instances'
import { command, type Scope } from '@/lib/command'
import { NotFound, Refused } from '@/lib/errors'
import { takeAddress } from './add'
import { addressesOf, lockInstance } from './edit'
import { Address } from './input'
import { freeOrdinal } from './rules'

const AddAddress = z.object({ instanceId: z.uuid('not_found'), url: Address })

/**
 * Adds a further address of the same GLPI: an intranet name beside the public one.
 * @throws Refused `addresses_full` when it has five further addresses; Conflict `address_taken`.
 */
export const addAddress = command(
  'address.add',
  AddAddress,
  async ({ tx, organizationId, now, audit }, { instanceId, url: address }) => {
    const instance = await lockInstance(tx, organizationId, instanceId)
    await addFurther({ tx, organizationId, now }, instanceId, address)
    audit({ instanceId, details: { shortId: instance.shortId, label: instance.label, url: address.url } })
  },
  { once: true },
)

const RemoveAddress = z.object({ instanceId: z.uuid('not_found'), addressId: z.uuid('not_found') })

/**
 * Removes a further address. One that is removed already is left alone, without an entry.
 * @throws NotFound for the main address too: it is changed, not removed.
 */
export const removeAddress = command(
  'address.remove',
  RemoveAddress,
  async ({ tx, organizationId, now, audit, unchanged }, { instanceId, addressId }) => {
    const instance = await lockInstance(tx, organizationId, instanceId)
    const ofAddress = and(
      eq(instanceAddresses.organizationId, organizationId),
      eq(instanceAddresses.instanceId, instanceId),
      eq(instanceAddresses.id, addressId),
    )
    const [address] = await tx.select().from(instanceAddresses).where(ofAddress)
    if (!address || address.ordinal === 0) throw new NotFound('address')
    if (address.retiredAt) {
      const inUse = await addressesOf(tx, organizationId, instanceId)
      // Added again since, it is another row: who asks has not seen that page.
      if (inUse.some(({ urlIdentity }) => urlIdentity === address.urlIdentity)) throw new NotFound('address')
      return unchanged()
    }
    await tx.update(instanceAddresses).set({ retiredAt: now }).where(ofAddress)
    audit({ instanceId, details: { shortId: instance.shortId, label: instance.label, url: address.url } })
  },
)

type Within = Pick<Scope, 'tx' | 'organizationId' | 'now'>
type NewAddress = z.output<typeof Address>

/**
 * Gives a locked instance a further address.
 * @throws Refused `addresses_full`; Conflict `address_taken`
 */
export async function addFurther(within: Within, instanceId: string, address: NewAddress) {
  const { tx, organizationId, now } = within
  const ordinal = freeIn(await addressesOf(tx, organizationId, instanceId))
  await takeAddress(tx, { organizationId, instanceId, ordinal, address, now })
}

/**
 * Makes an address a locked instance's main one; the one before stays as a further one.
 * @throws Refused `addresses_full`; Conflict `address_taken`
 */
export async function changeMain(within: Within, instanceId: string, address: NewAddress) {
  const { tx, organizationId, now } = within
  const own = await addressesOf(tx, organizationId, instanceId)
  const same = own.find(({ urlIdentity }) => urlIdentity === address.identity)
  if (same?.ordinal === 0) return
  const rows = and(
    eq(instanceAddresses.organizationId, organizationId),
    eq(instanceAddresses.instanceId, instanceId),
    isNull(instanceAddresses.retiredAt),
  )
  // Taken anew below, so that no two have one ordinal in between.
  if (same)
    await tx
      .update(instanceAddresses)
      .set({ retiredAt: now })
      .where(and(rows, eq(instanceAddresses.id, same.id)))
  const ordinal = same?.ordinal ?? freeIn(own)
  await tx
    .update(instanceAddresses)
    .set({ ordinal })
    .where(and(rows, eq(instanceAddresses.ordinal, 0)))
  await takeAddress(tx, { organizationId, instanceId, ordinal: 0, address, now })
}

/** @throws Refused `addresses_full` */
function freeIn(taken: readonly { ordinal: number }[]): number {
  const verdict = freeOrdinal(taken.map(({ ordinal }) => ordinal))
  if (!verdict.ok) throw new Refused(verdict.because)
  return verdict.ordinal
}
