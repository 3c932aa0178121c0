import { sql } from 'drizzle-orm'
import { readInstant } from '@/db/read-instant'
import type { OrganizationTx } from '@/db/scope'

/**
 * From when on another installation may have the place of one that has given a key back there: the last of all that it left
 * there has ended then, each lease and each offline file (DESIGN §2, rule 4). The one day for the signed answer, the trail
 * and the page (calls.ts). Keys that it still uses there hold the place as well, as long as they are not given back.
 * @throws Error where it has left none
 */
export async function placeLeftUntil(
  tx: OrganizationTx,
  organizationId: string,
  { instanceId, installationId }: { instanceId: string; installationId: string },
): Promise<Date> {
  const { rows } = await tx.execute<{ until: string | null }>(
    sql`select place_left_until(${organizationId}, ${instanceId}, ${installationId}) as until`,
  )
  const until = rows[0]?.until
  if (!until) throw new Error('no place was left')
  return readInstant(until)
}
