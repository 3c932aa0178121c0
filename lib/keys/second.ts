import { and, eq, isNull, or, type SQL, sql } from 'drizzle-orm'
import { instanceAddresses, instances } from '@/db/schema/instances'
import { keys, revocations } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { Refused } from '@/lib/errors'
import { lockMembers } from '@/lib/organizations/role'
import { isRevocationOfKey } from './filter'
import type { Product } from './issue'
import { factColumns } from './queries'
import { mayWorkBeside } from './rules'

interface Place {
  organizationId: string
  /** Null: the whole organization. */
  instanceId: string | null
}

/**
 * For who lets no second key of a product work in one place, be it issued, restored or taken up again. What account
 * managers do of these in an organization goes one by one until the commit: of two forms at the same moment the later one
 * finds the key of the earlier.
 * @throws Refused with the verdict of `mayWorkBeside`.
 */
export async function refuseSecondKey(tx: OrganizationTx, place: Place, product: Product, now: Date) {
  const { organizationId } = place
  // Not the instance: of one address there may be several, retired and in use.
  await lockMembers(tx, organizationId)
  const found = await tx
    .select({ kind: keys.kind, shortId: keys.shortId, ...factColumns, revokedAt: revocations.revokedAt })
    .from(keys)
    .leftJoin(revocations, isRevocationOfKey)
    .where(and(eq(keys.organizationId, organizationId), eq(keys.productId, product.id), isAt(place)))
    .orderBy(keys.id)
  const others = found.map(({ revokedAt, ...key }) => ({ ...key, revoked: revokedAt !== null }))
  const verdict = mayWorkBeside(others, now)
  if (!verdict.ok) throw new Refused(verdict.because, { shortId: verdict.shortId, product: product.name })
}

/**
 * An instance is a place, and so is each of its addresses: the keys of a retired one go on working at those that it had at
 * its end, whichever instance has them since.
 */
function isAt({ organizationId, instanceId }: Place): SQL | undefined {
  if (!instanceId) return isNull(keys.instanceId)
  const its = sql`${instanceAddresses} its join ${instances} i on i.organization_id = its.organization_id
    and i.id = its.instance_id and its.retired_at is not distinct from i.retired_at`
  const identities = sql`select its.url_identity from ${its}
    where i.organization_id = ${organizationId} and i.id = ${instanceId}`
  return or(
    eq(keys.instanceId, instanceId),
    sql`${keys.instanceId} in (select i.id from ${its}
      where i.organization_id = ${organizationId} and its.url_identity in (${identities}))`,
  )
}
