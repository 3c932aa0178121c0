import { z } from 'zod'
import type { OrganizationTx } from '@/db/scope'
import { command } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { instanceDetail } from '@/lib/instances/detail'
import { inUse } from '@/lib/keys/order'
import { listKeys } from '@/lib/keys/queries'
import { catalog, unlockedBy } from './catalog'

const mostKeys = 500

/**
 * Hands a release of a product out for an instance that has a working key of it: its own, as a test copy one of its
 * production instance. Who reads the archive afterwards sends it.
 * @throws NotFound where there is no such release, instance or key
 */
export const downloadArchive = command(
  'archive.download',
  z.object({ instanceId: z.uuid('not_found'), product: z.string(), version: z.string() }),
  async ({ tx, organizationId, now, audit }, { instanceId, product: reference, version }) => {
    const { byId, byReference } = await catalog()
    const product = byReference.get(reference)
    if (!product?.releases.some((release) => release.version === version)) throw new NotFound('release')
    const unlocks = (productId: string) => {
      const own = byId.get(productId)
      return own !== undefined && unlockedBy(own).includes(reference)
    }
    const usable = await usableKeys(tx, organizationId, instanceId, now)
    const key = usable.find(({ productId }) => unlocks(productId))
    if (!key) throw new NotFound('release')
    audit({ keyId: key.id, instanceId, details: { shortId: key.shortId, product: product.name, version } })
  },
)

async function usableKeys(tx: OrganizationTx, organizationId: string, instanceId: string, now: Date) {
  const { testOf, retiredAt } = await instanceDetail(tx, organizationId, instanceId)
  if (retiredAt) return []
  const of = async (id: string) =>
    (
      await listKeys(
        tx,
        { organizationId, state: 'current', instanceId: id },
        { sort: 'product', size: mostKeys },
        now,
      )
    ).rows.filter(inUse)
  return [...(await of(instanceId)), ...(testOf ? await of(testOf.id) : [])]
}
