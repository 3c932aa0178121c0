import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { keys } from '@/db/schema/keys'
import { offlineFileClosings, offlineFiles } from '@/db/schema/offline-files'
import { command } from '@/lib/command'
import { NotFound } from '@/lib/errors'

const CloseFile = z.object({ fileId: z.uuid('not_found') })

/**
 * Says that staff have seen to an offline file that outlives what was paid for it: it is listed no more, until money goes back
 * again. @throws NotFound
 */
export const closeFile = command(
  'offline_file.close',
  CloseFile,
  async ({ tx, organizationId, personId, now, audit }, { fileId }) => {
    const its = and(eq(offlineFiles.organizationId, organizationId), eq(offlineFiles.id, fileId))
    const [file] = await tx
      .select({
        keyId: keys.id,
        shortId: keys.shortId,
        instanceId: offlineFiles.instanceId,
        installation: offlineFiles.installationId,
        worksUntil: offlineFiles.worksUntil,
      })
      .from(offlineFiles)
      .innerJoin(
        keys,
        and(eq(keys.organizationId, offlineFiles.organizationId), eq(keys.id, offlineFiles.keyId)),
      )
      .where(its)
    if (!file) throw new NotFound('offline_file')
    await tx
      .insert(offlineFileClosings)
      .values({ organizationId, fileId, closedAt: now, closedById: personId })
      .onConflictDoNothing()
    const { keyId, instanceId, shortId, installation, worksUntil } = file
    audit({ keyId, instanceId, details: { shortId, installation, until: worksUntil.toISOString() } })
  },
)
