import { and, eq, getTableColumns, isNull } from 'drizzle-orm'
import { products } from '@/db/schema/catalog'
import { keys, revocations } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { NotFound } from '@/lib/errors'

// Without what the vault made of it: the key service, which notes that a key was seen, may not read that.
const { cipher: _, ringVersion: __, fingerprint: ___, lastFour: ____, ...facts } = getTableColumns(keys)

/**
 * Locks a key for a change, with the facts that the rules ask for. Not against references to it: the entry of somebody's
 * refusal, which holds the end of the audit trail, would wait for this lock, and its holder for that end (seen, with 50 at once).
 * @throws NotFound
 */
export async function lockKey(tx: OrganizationTx, organizationId: string, keyId: string) {
  const [row] = await tx
    .select({ key: facts, product: products })
    .from(keys)
    .innerJoin(products, eq(products.id, keys.productId))
    .where(and(eq(keys.organizationId, organizationId), eq(keys.id, keyId)))
    .for('no key update', { of: keys })
  if (!row) throw new NotFound('key')
  const [revocation] = await tx
    .select({ id: revocations.id })
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

/** What a refusal is about: the key, where it is the organization's. */
export const aboutKey = (keyId: string) => async (tx: OrganizationTx, organizationId: string) => {
  const [found] = await tx
    .select({ keyId: keys.id, instanceId: keys.instanceId })
    .from(keys)
    .where(and(eq(keys.organizationId, organizationId), eq(keys.id, keyId)))
  return found ? { keyId: found.keyId, ...(found.instanceId ? { instanceId: found.instanceId } : {}) } : {}
}
