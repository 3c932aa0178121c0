import { asOrganization, type OrganizationTx } from '@/db/scope'
import { now } from '@/lib/clock'
import { type Attention, attention } from '@/lib/keys/attention'
import type { Visit } from './session'

/**
 * Reads what a page of the organization shows, in one transaction, with the lines that want somebody. `work` is not kept
 * waiting for those: what it asks for meanwhile goes to the database together with them.
 */
export async function read<T>(
  visit: Visit,
  work: (tx: OrganizationTx, now: Date, attention: Promise<Attention>) => Promise<T>,
): Promise<{ data: T; attention: Attention; at: Date }> {
  const at = now()
  const { organizationId, timeZone } = visit.organization
  return asOrganization(organizationId, async (tx) => {
    const needed = attention(tx, organizationId, timeZone, at)
    const [found, data] = await Promise.all([needed, work(tx, at, needed)])
    return { attention: found, data, at }
  })
}
