import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { activations } from '@/db/schema/activations'
import { instances } from '@/db/schema/instances'
import { command, type Scope } from '@/lib/command'
import { NotFound, Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { lockAnyInstance } from '@/lib/instances/edit'
import { endActivations } from '@/lib/instances/end-activations'
import { lockKey } from '@/lib/keys/lock'
import { markSeen } from '@/lib/keys/note-seen'
import { catalog, unlockedBy } from './catalog'
import { type FoundKey, findKeyIn } from './facts'
import { type Place, verdictOn } from './rules'
import { secretHash } from './secret'

const ActivateKey = z.object({
  keyId: z.uuid('not_found'),
  fingerprint: z.instanceof(Buffer),
  installationId: z.string(),
  address: z.string().optional(),
  url: z.string().optional(),
  product: z.string().optional(),
  kinds: z.array(z.enum(['subscription', 'trial', 'permanent'])).optional(),
  secret: z.string(),
})
type ActivateKey = z.output<typeof ActivateKey>

/**
 * Puts a key to use in an installation: it takes the place that the rules give it, once.
 * @param secret of the activation; kept as its hash, and good where this call is the one that made it
 * @returns the activation, and whether it is new
 * @throws NotFound; Refused with the code of the verdict
 */
export const activateKey = command('activation.activate', ActivateKey, async (scope, input) => {
  const { key, activation, made, binds, before } = await takePlace(scope, input)
  if (!made) scope.unchanged()
  else {
    const { shortId, product } = key
    const details = { shortId, product: product.name, installation: input.installationId, binds, ...before }
    scope.audit({ keyId: key.id, instanceId: activation.instanceId, details })
  }
  return { activation, made }
})

/**
 * Gives an installation the key's place that the rules give it, in the caller's transaction, unless it has it already.
 * Whoever revokes or moves the key meanwhile has either finished or not begun.
 * @throws as `activateKey`
 */
export async function takePlace(scope: Scope, input: ActivateKey) {
  const { tx, organizationId, now } = scope
  const { installationId } = input
  const key = await lockKey(tx, organizationId, input.keyId)
  const { found, place, binds } = await lockPlace(scope, input)
  const taken = { key, found, place, binds }
  if (found.activation) return { ...taken, activation: found.activation, made: false, before: {} }
  const before = binds ? await bind(scope, place, installationId) : {}
  const activation = await insert(scope, input, found, place)
  if (key.firstSeenAt === null) await markSeen(tx, organizationId, key, now)
  return { ...taken, activation, made: true, before }
}

type Presented = Omit<ActivateKey, 'secret'>

/**
 * The place that the rules give an installation with a key, locked: with another key of that instance, the installation
 * that has left it may be coming back this very moment.
 * @throws as `activateKey`
 */
export async function lockPlace(scope: Scope, input: Presented) {
  const seen = await judgePlace(scope, input)
  await lockAnyInstance(scope.tx, scope.organizationId, seen.place.instanceId)
  const locked = await judgePlace(scope, input)
  if (locked.place.instanceId !== seen.place.instanceId) throw new Refused('bound_elsewhere')
  return locked
}

async function judgePlace(
  { tx, now }: Scope,
  { keyId, fingerprint, installationId, address, ...asked }: Presented,
) {
  const found = await findKeyIn(tx, fingerprint, { installationId, address })
  if (found?.id !== keyId) throw new NotFound('key')
  const own = (await catalog()).byId.get(found.productId)
  const products = own ? unlockedBy(own) : []
  const verdict = verdictOn({ ...found, products }, { ...asked, installationId }, [], now)
  if (!verdict.ok || !verdict.place) throw new Refused(verdict.ok ? 'bound_elsewhere' : verdict.code)
  return { found, place: verdict.place, binds: verdict.binds }
}

/**
 * An instance takes the installation ID of the first that calls from its address, or of the first after one that has left.
 * @returns the one before, for the audit trail
 * @throws Refused where another has been first
 */
export async function bind(
  { tx, organizationId, now }: Scope,
  { instanceId, installationId: before }: Place,
  installationId: string,
) {
  // What it never gave back, since it had left it or its key had ended, is nobody's from now on.
  if (before !== null)
    await endActivations(
      tx,
      organizationId,
      now,
      eq(activations.instanceId, instanceId),
      eq(activations.installationId, before),
    )
  const bound = await tx
    .update(instances)
    .set({ installationId })
    .where(
      and(
        eq(instances.organizationId, organizationId),
        eq(instances.id, instanceId),
        before === null ? isNull(instances.installationId) : eq(instances.installationId, before),
      ),
    )
    .returning({ id: instances.id })
  if (bound.length === 0) throw new Refused('bound_elsewhere')
  return before === null ? {} : { before }
}

async function insert(
  { tx, organizationId, now }: Scope,
  { installationId, secret }: ActivateKey,
  { id: keyId, binding }: FoundKey,
  { instanceId, environment }: { instanceId: string; environment: 'production' | 'test' },
) {
  const hash = secretHash(secret)
  const of = { organizationId, keyId, instanceId, installationId, environment }
  const row = { id: newId(now), ...of, secretHash: hash }
  const inserted = await tx
    .insert(activations)
    .values({
      ...row,
      exclusive: binding !== 'organization',
      // The first lease is given after this, like every other.
      leaseEndsAt: now,
      createdAt: now,
      refreshedAt: now,
    })
    .onConflictDoNothing()
    .returning({ id: activations.id })
  // Somebody else was there between the verdict and this.
  if (inserted.length === 0) throw new Refused('bound_elsewhere')
  return { id: row.id, instanceId, environment, secretHash: hash.toString('hex') }
}
