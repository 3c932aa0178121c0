import { and, eq, isNull } from 'drizzle-orm'
import { products } from '@/db/schema/catalog'
import { keys, revocations } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { NotFound } from '@/lib/errors'

/** Locks a key for a change, with the facts that the rules ask for. @throws NotFound */
export async function lockKey(tx: OrganizationTx, organizationId: string, keyId: string) {
  const [row] = await tx
    .select({ key: keys, product: products })
    .from(keys)
    .innerJoin(products, eq(products.id, keys.productId))
    .where(and(eq(keys.organizationId, organizationId), eq(keys.id, keyId)))
    .for('update', { of: keys })
  if (!row) throw new NotFound('key')
  const [revocation] = await tx
    .select()
    .from(revocations)
    .where(
      and(
        eq(revocations.organizationId, organizationId),
        eq(revocations.keyId, keyId),
        isNull(revocations.restoredAt),
      ),
    )
  return { ...row.key, product: row.product, revoked: revocation !== undefined, revocation }
}
