import { and, desc, eq, max } from 'drizzle-orm'
import { auditEntries } from '@/db/schema/audit'
import { products } from '@/db/schema/catalog'
import { instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'

/**
 * The keys that somebody has shown, copied or downloaded, the one seen last first: what they may still know once they
 * are gone.
 * @param most how many at most
 */
export function keysRevealedTo(tx: OrganizationTx, organizationId: string, personId: string, most: number) {
  const seenAt = max(auditEntries.at)
  return (
    tx
      .select({
        id: keys.id,
        shortId: keys.shortId,
        product: products.name,
        instance: instances.label,
        seenAt,
      })
      .from(auditEntries)
      .innerJoin(
        keys,
        and(eq(keys.organizationId, auditEntries.organizationId), eq(keys.id, auditEntries.keyId)),
      )
      .innerJoin(products, eq(products.id, keys.productId))
      .leftJoin(
        instances,
        and(eq(instances.organizationId, keys.organizationId), eq(instances.id, keys.instanceId)),
      )
      // The very conditions of the index `audit_entries_revealed`.
      .where(
        and(
          eq(auditEntries.organizationId, organizationId),
          eq(auditEntries.personId, personId),
          eq(auditEntries.action, 'key.reveal'),
          eq(auditEntries.outcome, 'done'),
        ),
      )
      .groupBy(keys.id, keys.shortId, products.name, instances.label)
      .orderBy(desc(seenAt), keys.id)
      .limit(most)
  )
}
