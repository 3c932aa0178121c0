import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { activations } from '@/db/schema/activations'
import { instanceAddresses, instances } from '@/db/schema/instances'
import type { OrganizationTx } from '@/db/scope'
import { command } from '@/lib/command'
import { Conflict, InvalidInput, NotFound } from '@/lib/errors'
import { withoutKeys } from '@/lib/keys/free-text'
import { GlpiVersion, Label } from './input'
import { giveBackOthersKeys } from './others-keys'

const EditInstance = z.object({
  instanceId: z.uuid('not_found'),
  label: Label,
  environment: z.enum(['production', 'test'], 'required'),
  testOfId: z
    .union([z.uuid('not_found'), z.literal('')])
    .optional()
    .transform((id) => id || null),
  glpiVersion: GlpiVersion,
  asksPortal: z.boolean().default(false),
  /** What the form was filled with (`editionOf`): it must not undo what somebody else has changed since. */
  edition: z.string().optional(),
})

type Edited = Pick<
  typeof instances.$inferSelect,
  'label' | 'environment' | 'testOfId' | 'glpiVersion' | 'asksPortal'
>

/** Names what can be edited of an instance as it is now. */
export function editionOf({ label, environment, testOfId, glpiVersion, asksPortal }: Edited): string {
  const facts = [label, environment, testOfId, glpiVersion, asksPortal]
  return createHash('sha256').update(JSON.stringify(facts)).digest('base64url')
}

/**
 * Changes what members say about an instance: its label, whether it is production or a test copy, its GLPI version.
 * What is already so is left alone, without an entry.
 * @throws NotFound for an unknown or retired instance; Conflict `changed_meanwhile`.
 */
export const editInstance = command(
  'instance.edit',
  EditInstance,
  async ({ tx, organizationId, now, audit, unchanged }, { instanceId, edition, ...input }) => {
    const before = await lockInstance(tx, organizationId, instanceId)
    const testOfId = input.environment === 'test' ? input.testOfId : null
    if (testOfId === instanceId) throw new InvalidInput({ testOfId: 'not_production' })
    if (testOfId) await lockOriginal(tx, organizationId, testOfId)
    if (input.environment === 'test') await loseTestCopies(tx, organizationId, instanceId)
    const label = await withoutKeys(tx, input.label)
    const { environment, glpiVersion, asksPortal } = input
    const after = { label, environment, testOfId, glpiVersion, asksPortal }
    // A form sent twice says nothing new.
    if (isDeepStrictEqual({ ...before, ...after }, before)) return unchanged()
    if (edition !== undefined && edition !== editionOf(before)) throw new Conflict('changed_meanwhile')
    await tx
      .update(instances)
      .set(after)
      .where(and(eq(instances.organizationId, organizationId), eq(instances.id, instanceId)))
    // Those of the instance that it was a test copy of; the organization's go on.
    if (testOfId !== before.testOfId)
      await giveBackOthersKeys(tx, { organizationId, instanceId, now }, eq(activations.exclusive, true))
    audit({
      instanceId,
      details: {
        shortId: before.shortId,
        label,
        labelBefore: before.label,
        environment,
        environmentBefore: before.environment,
        testOf: await labelOf(tx, organizationId, testOfId),
        testOfBefore: await labelOf(tx, organizationId, before.testOfId),
        glpiVersion,
        glpiVersionBefore: before.glpiVersion,
        asksPortal,
        asksPortalBefore: before.asksPortal,
      },
    })
  },
)

/** What the instance is called that another is a test copy of. */
async function labelOf(tx: OrganizationTx, organizationId: string, instanceId: string | null) {
  if (!instanceId) return null
  const [original] = await tx
    .select({ label: instances.label })
    .from(instances)
    .where(and(eq(instances.organizationId, organizationId), eq(instances.id, instanceId)))
  return original?.label ?? null
}

/** Locks an instance in use for a change. @throws NotFound for an unknown or retired one. */
export async function lockInstance(tx: OrganizationTx, organizationId: string, instanceId: string) {
  const instance = await lockAnyInstance(tx, organizationId, instanceId)
  if (instance.retiredAt) throw new NotFound('instance')
  return instance
}

/** Locks an instance, in use or retired, for a change. @throws NotFound */
export async function lockAnyInstance(tx: OrganizationTx, organizationId: string, instanceId: string) {
  const [instance] = await tx
    .select()
    .from(instances)
    .where(and(eq(instances.organizationId, organizationId), eq(instances.id, instanceId)))
    .for('update')
  if (!instance) throw new NotFound('instance')
  return instance
}

/** Locks the instance of which another shall be a test copy. @throws NotFound; InvalidInput where it is a test itself. */
export async function lockOriginal(tx: OrganizationTx, organizationId: string, instanceId: string) {
  const { environment } = await lockInstance(tx, organizationId, instanceId)
  if (environment !== 'production') throw new InvalidInput({ testOfId: 'not_production' })
}

/** Retired test copies are those of no instance from now on. @throws InvalidInput where one is in use. */
async function loseTestCopies(tx: OrganizationTx, organizationId: string, instanceId: string) {
  const copies = and(eq(instances.organizationId, organizationId), eq(instances.testOfId, instanceId))
  const lost = await tx
    .update(instances)
    .set({ testOfId: null })
    .where(copies)
    .returning({ retiredAt: instances.retiredAt })
  if (lost.some(({ retiredAt }) => !retiredAt)) throw new InvalidInput({ environment: 'has_test_copies' })
}

/** The addresses in use of an instance, the main one first. */
export function addressesOf(tx: OrganizationTx, organizationId: string, instanceId: string) {
  return tx
    .select()
    .from(instanceAddresses)
    .where(
      and(
        eq(instanceAddresses.organizationId, organizationId),
        eq(instanceAddresses.instanceId, instanceId),
        isNull(instanceAddresses.retiredAt),
      ),
    )
    .orderBy(instanceAddresses.ordinal)
}
