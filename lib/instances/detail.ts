import { and, eq, isNull } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { instanceAddresses, instances } from '@/db/schema/instances'
import type { OrganizationTx } from '@/db/scope'
import { NotFound } from '@/lib/errors'

const production = alias(instances, 'production')

/** An instance in use or retired, with its addresses (the main one first) and the one that it is a test copy of. @throws NotFound */
export async function instanceDetail(tx: OrganizationTx, organizationId: string, instanceId: string) {
  const [found] = await tx
    .select({
      instance: instances,
      testOf: { id: production.id, shortId: production.shortId, label: production.label },
    })
    .from(instances)
    .leftJoin(
      production,
      and(eq(production.organizationId, instances.organizationId), eq(production.id, instances.testOfId)),
    )
    .where(and(eq(instances.organizationId, organizationId), eq(instances.id, instanceId)))
  if (!found) throw new NotFound('instance')
  const addresses = await tx
    .select({
      id: instanceAddresses.id,
      url: instanceAddresses.url,
      ordinal: instanceAddresses.ordinal,
    })
    .from(instanceAddresses)
    .where(
      and(
        eq(instanceAddresses.organizationId, organizationId),
        eq(instanceAddresses.instanceId, instanceId),
        found.instance.retiredAt
          ? eq(instanceAddresses.retiredAt, found.instance.retiredAt)
          : isNull(instanceAddresses.retiredAt),
      ),
    )
    .orderBy(instanceAddresses.ordinal)
  return { ...found.instance, testOf: found.testOf, addresses }
}
