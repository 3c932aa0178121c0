import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { keys } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { command } from '@/lib/command'
import { at } from './issue'
import { lockKey } from './lock'

const NoteKeySeen = z.object({ keyId: z.uuid('not_found') })

/**
 * Notes that a key is in use: GLPI called with it, or a member says that it is in GLPI. The key that it follows is
 * then an old key. Saying it twice changes nothing, and leaves no second entry.
 */
export const noteKeySeen = command(
  'key.note_seen',
  NoteKeySeen,
  async ({ tx, organizationId, now, audit, unchanged }, { keyId }) => {
    const key = await lockKey(tx, organizationId, keyId)
    if (key.firstSeenAt) {
      unchanged()
      return { product: key.product.name }
    }
    await markSeen(tx, organizationId, key, now)
    audit({ keyId, ...at(key.instanceId), details: { shortId: key.shortId, product: key.product.name } })
    return { product: key.product.name }
  },
)

/** Marks a locked key as seen, and the one that it follows as replaced. */
export async function markSeen(
  tx: OrganizationTx,
  organizationId: string,
  { id, followsId }: { id: string; followsId: string | null },
  now: Date,
) {
  await tx
    .update(keys)
    .set({ firstSeenAt: now })
    .where(and(eq(keys.organizationId, organizationId), eq(keys.id, id)))
  if (!followsId) return
  await tx
    .update(keys)
    .set({ replacedAt: now })
    .where(and(eq(keys.organizationId, organizationId), eq(keys.id, followsId), isNull(keys.replacedAt)))
}
