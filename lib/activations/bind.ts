import { z } from 'zod'
import { command } from '@/lib/command'
import { lockKey } from '@/lib/keys/lock'
import { markSeen } from '@/lib/keys/note-seen'
import { bind, lockPlace } from './activate'

const BindInstallation = z.object({
  keyId: z.uuid(),
  fingerprint: z.instanceof(Buffer),
  installationId: z.string(),
})

/**
 * Notes the first call of a GLPI with a key: its instance takes the installation ID, where it has none, and the key has
 * been seen. GLPI itself tells no address, so that only the key's own instance can be meant.
 * @throws Refused with the code of the verdict, also where another installation was first
 */
export const bindInstallation = command(
  'installation.bind',
  BindInstallation,
  async (scope, { keyId, fingerprint, installationId }) => {
    const { tx, organizationId, now, audit, unchanged } = scope
    // Whoever revokes or moves it meanwhile has either finished or not begun.
    const key = await lockKey(tx, organizationId, keyId)
    const { place, binds } = await lockPlace(scope, { keyId, fingerprint, installationId })
    const before = binds ? await bind(scope, place, installationId) : {}
    if (key.firstSeenAt === null) await markSeen(tx, organizationId, key, now)
    else if (!binds) return unchanged()
    const { shortId, product } = key
    const details = { shortId, product: product.name, installation: installationId, binds, ...before }
    audit({ keyId, instanceId: place.instanceId, details })
  },
)
