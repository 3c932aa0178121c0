import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { keys } from '@/db/schema/keys'
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
    await tx
      .update(keys)
      .set({ firstSeenAt: now })
      .where(and(eq(keys.organizationId, organizationId), eq(keys.id, keyId)))
    if (key.followsId) {
      await tx
        .update(keys)
        .set({ replacedAt: now })
        .where(
          and(eq(keys.organizationId, organizationId), eq(keys.id, key.followsId), isNull(keys.replacedAt)),
        )
    }
    audit({ keyId, ...at(key.instanceId), details: { shortId: key.shortId, product: key.product.name } })
    return { product: key.product.name }
  },
)
