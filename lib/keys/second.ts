import { and, eq, isNull } from 'drizzle-orm'
import { instances } from '@/db/schema/instances'
import { keys, revocations } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { Refused } from '@/lib/errors'
import { lockMembers } from '@/lib/organizations/role'
import { isRevocationOfKey } from './filter'
import type { Product } from './issue'
import { factColumns } from './queries'
import { mayIssueBeside } from './rules'

interface Place {
  organizationId: string
  /** Null: the whole organization. */
  instanceId: string | null
}

/**
 * For who does not issue a second working key of a product in one place. The place is locked until the commit: of two forms
 * at the same moment the later one finds the key of the earlier.
 * @throws Refused with the verdict of `mayIssueBeside`.
 */
export async function refuseSecondKey(tx: OrganizationTx, place: Place, product: Product, now: Date) {
  const { organizationId, instanceId } = place
  await lockPlace(tx, place)
  const found = await tx
    .select({ kind: keys.kind, shortId: keys.shortId, ...factColumns, revokedAt: revocations.revokedAt })
    .from(keys)
    .leftJoin(revocations, isRevocationOfKey)
    .where(
      and(
        eq(keys.organizationId, organizationId),
        eq(keys.productId, product.id),
        instanceId ? eq(keys.instanceId, instanceId) : isNull(keys.instanceId),
      ),
    )
    .orderBy(keys.id)
  const others = found.map(({ revokedAt, ...key }) => ({ ...key, revoked: revokedAt !== null }))
  const verdict = mayIssueBeside(others, now)
  if (!verdict.ok) throw new Refused(verdict.because, { shortId: verdict.shortId, product: product.name })
}

/** Not against references to it, as in `lockKey`. */
async function lockPlace(tx: OrganizationTx, { organizationId, instanceId }: Place) {
  if (!instanceId) return lockMembers(tx, organizationId)
  await tx
    .select({ id: instances.id })
    .from(instances)
    .where(and(eq(instances.organizationId, organizationId), eq(instances.id, instanceId)))
    .for('no key update')
}
