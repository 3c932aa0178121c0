import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { instanceAddresses, instances } from '@/db/schema/instances'
import type { OrganizationTx } from '@/db/scope'
import { command, type Scope } from '@/lib/command'
import { Conflict } from '@/lib/errors'
import { newId, untilFree } from '@/lib/ids'
import { withoutKeys } from '@/lib/keys/free-text'
import { lockOriginal } from './edit'
import { Address, GlpiVersion, Label } from './input'

const AddInstance = z.object({
  label: Label,
  url: Address,
  environment: z.enum(['production', 'test'], 'required'),
  testOfId: z.uuid('not_found').optional(),
  glpiVersion: GlpiVersion,
})

/**
 * Adds a GLPI to the organization, with its main address.
 * @returns its ID and short ID.
 * @throws Conflict `address_taken` naming the instance that has the address; InvalidInput for a malformed field.
 */
export const addInstance = command(
  'instance.add',
  AddInstance,
  async (scope, input) => {
    const { instanceId, shortId, label } = await createInstance(scope, input)
    scope.audit({ instanceId, details: { shortId, label, url: input.url.url } })
    return { instanceId, shortId }
  },
  { once: true },
)

/**
 * Writes an instance with its main address.
 * @param added.installationId of a GLPI that has called before it was added
 */
export async function createInstance(
  { tx, organizationId, now }: Scope,
  added: z.output<typeof AddInstance> & { installationId?: string },
) {
  const { environment, testOfId, glpiVersion, installationId = null } = added
  if (testOfId) await lockOriginal(tx, organizationId, testOfId)
  const instance = {
    id: newId(now),
    organizationId,
    label: await withoutKeys(tx, added.label),
    environment,
    testOfId: environment === 'test' ? (testOfId ?? null) : null,
    glpiVersion,
    installationId,
    createdAt: now,
  }
  const shortId = await untilFree('I', (candidate) =>
    tx
      .insert(instances)
      .values({ ...instance, shortId: candidate })
      .onConflictDoNothing({ target: instances.shortId })
      .returning({ id: instances.id }),
  )
  await takeAddress(tx, { organizationId, instanceId: instance.id, ordinal: 0, address: added.url, now })
  return { instanceId: instance.id, shortId, label: instance.label }
}

/**
 * Writes an address row; the unique index decides who has it.
 * @throws Conflict `address_taken` with the label and short ID of the instance that has it.
 */
export async function takeAddress(
  tx: OrganizationTx,
  taking: {
    organizationId: string
    instanceId: string
    ordinal: number
    address: { url: string; identity: string }
    now: Date
  },
) {
  const { organizationId, instanceId, ordinal, address, now } = taking
  const taken = await tx
    .insert(instanceAddresses)
    .values({
      id: newId(now),
      organizationId,
      instanceId,
      ordinal,
      url: address.url,
      urlIdentity: address.identity,
      createdAt: now,
    })
    .onConflictDoNothing()
    .returning({ id: instanceAddresses.id })
  if (taken.length > 0) return
  const [holder] = await tx
    .select({ label: instances.label, shortId: instances.shortId })
    .from(instanceAddresses)
    .innerJoin(instances, eq(instances.id, instanceAddresses.instanceId))
    .where(
      and(
        eq(instanceAddresses.organizationId, organizationId),
        eq(instanceAddresses.urlIdentity, address.identity),
        isNull(instanceAddresses.retiredAt),
      ),
    )
  throw new Conflict('address_taken', { label: holder?.label ?? '', shortId: holder?.shortId ?? '' })
}
