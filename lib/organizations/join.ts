import type { OrganizationTx } from '@/db/scope'
import { Conflict, Refused } from '@/lib/errors'
import { nameOf } from './person'
import { openRequest } from './request'
import { isMember } from './role'
import { worksForVendor } from './vendor'

interface Joining {
  organizationId: string
  /** Who asks. */
  personId: string
  now: Date
  reason: string | null
}

/**
 * Asks the owners to let somebody in.
 * @returns the request's ID
 * @throws Refused `works_for_vendor`; Conflict `already_member`, `already_asked`
 */
export async function openJoinRequest(
  tx: OrganizationTx,
  { organizationId, personId, now, reason }: Joining,
): Promise<string> {
  const email = await nameOf(tx, personId)
  if (await worksForVendor(tx, personId)) throw new Refused('works_for_vendor', { email })
  if (await isMember(tx, organizationId, personId)) throw new Conflict('already_member', { email })
  return openRequest(tx, { organizationId, personId, reason, now, about: { kind: 'join' } })
}
