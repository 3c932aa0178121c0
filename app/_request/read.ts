import { asOrganization, type OrganizationTx } from '@/db/scope'
import { now } from '@/lib/clock'
import { type Attention, attention } from '@/lib/keys/attention'
import type { Visit } from './session'

/** Reads what a page of the organization shows, in one transaction, with the lines that want somebody. */
export async function read<T>(
  visit: Visit,
  work: (tx: OrganizationTx, now: Date, attention: Attention) => Promise<T>,
): Promise<{ data: T; attention: Attention; at: Date }> {
  const at = now()
  const { organizationId, timeZone } = visit.organization
  return asOrganization(organizationId, async (tx) => {
    const needed = await attention(tx, organizationId, timeZone, at)
    return { attention: needed, data: await work(tx, at, needed), at }
  })
}
