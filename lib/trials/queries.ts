import { and, desc, eq, isNull, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { products } from '@/db/schema/catalog'
import { instances } from '@/db/schema/instances'
import { extensions, keys } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { isRevoked } from '@/lib/keys/filter'
import { trialStanding } from './rules'

const successors = alias(keys, 'successors')

export type TrialRow = Awaited<ReturnType<typeof listTrials>>[number]

/** The trials of an organization with what has become of each, the last to end first: few of each product, and so few. */
export async function listTrials(tx: OrganizationTx, organizationId: string, now: Date) {
  const rows = await trialRows(tx, organizationId)
  return rows.map((row) => ({ ...row, standing: trialStanding(row, now) }))
}

/** The trial of this key; undefined where the organization has none such. */
export async function findTrial(tx: OrganizationTx, organizationId: string, keyId: string, now: Date) {
  const [row] = await trialRows(tx, organizationId, eq(keys.id, keyId))
  return row && { ...row, standing: trialStanding(row, now) }
}

function trialRows(tx: OrganizationTx, organizationId: string, only?: SQL) {
  return tx
    .select({
      id: keys.id,
      shortId: keys.shortId,
      productId: keys.productId,
      product: products.name,
      trialDays: sql<number | null>`case when ${products.withdrawnAt} is null then ${products.trialDays} end`,
      moreTrialDays: products.moreTrialDays,
      onExpiry: products.onExpiry,
      freeFeatures: products.freeFeatures,
      binding: keys.binding,
      contains: sql<string[] | null>`(select array_agg(p.name order by p.name) from suite_products s
        join products p on p.id = s.product_id where s.suite_id = ${keys.productId})`,
      instanceId: keys.instanceId,
      instance: instances.label,
      glpiVersion: instances.glpiVersion,
      asksPortal: sql<boolean>`coalesce(${instances.asksPortal}, false)`,
      retired: sql<boolean>`${instances.retiredAt} is not null`,
      startsAt: keys.startsAt,
      endsAt: keys.endsAt,
      renewedAt: keys.renewedAt,
      revoked: sql<boolean>`${isRevoked}`,
      extended: sql<boolean>`exists (select from ${extensions} e
        where e.organization_id = ${keys.organizationId} and e.key_id = ${keys.id})`,
      /** The bought key that takes its place. */
      successorId: successors.id,
      successor: successors.shortId,
    })
    .from(keys)
    .innerJoin(products, eq(products.id, keys.productId))
    .leftJoin(
      instances,
      and(eq(instances.organizationId, keys.organizationId), eq(instances.id, keys.instanceId)),
    )
    .leftJoin(
      successors,
      and(
        eq(successors.organizationId, keys.organizationId),
        eq(successors.followsId, keys.id),
        isNull(successors.refundedAt),
      ),
    )
    .where(and(eq(keys.organizationId, organizationId), eq(keys.kind, 'trial'), only))
    .orderBy(desc(keys.endsAt), desc(keys.id))
}
