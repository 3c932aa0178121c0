import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { keys, revocations } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { type InstanceList, type InstanceRow, listInstances } from '@/lib/instances/queries'
import { isRevocationOfKey } from './filter'
import { factColumns } from './queries'
import { type KeysByState, keysByState, noKeys } from './standing'

export type InstanceCard = InstanceRow & { keys: KeysByState }

/** A page of the list of instances, each with its keys by state: one query more than the list. */
export async function instanceCards(
  tx: OrganizationTx,
  organizationId: string,
  wanted: InstanceList,
  now: Date,
) {
  const { rows, previous, next } = await listInstances(tx, organizationId, wanted)
  return { cards: await withKeys(tx, organizationId, rows, now), previous, next }
}

async function withKeys(tx: OrganizationTx, organizationId: string, rows: InstanceRow[], now: Date) {
  if (rows.length === 0) return []
  const facts = await tx
    .select({
      instanceId: keys.instanceId,
      productId: keys.productId,
      kind: keys.kind,
      ...factColumns,
      revoked: sql<boolean>`${revocations.id} is not null`,
    })
    .from(keys)
    .leftJoin(revocations, isRevocationOfKey)
    .where(
      and(
        eq(keys.organizationId, organizationId),
        inArray(
          keys.instanceId,
          rows.map(({ id }) => id),
        ),
        // The past of a key that went on does not count: a line per product, not per year.
        isNull(keys.replacedAt),
        sql`(${keys.renewedAt} is null or ${keys.endsAt} > ${now.toISOString()}::timestamptz)`,
      ),
    )
  const byInstance = Map.groupBy(facts, ({ instanceId }) => instanceId)
  return rows.map((row) => {
    const own = byInstance.get(row.id)
    return { ...row, keys: own ? keysByState(own, now) : noKeys }
  })
}
