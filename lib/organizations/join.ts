import { and, eq } from 'drizzle-orm'
import { memberships } from '@/db/schema/organizations'
import type { OrganizationTx } from '@/db/scope'
import { Conflict, Refused } from '@/lib/errors'
import { enqueue } from '@/lib/jobs/enqueue'
import { nameOf } from './person'
import { timeZoneOf } from './queries'
import { openRequest } from './request'
import { isMember } from './role'
import { ownersDecideUntil } from './rules'
import { worksForVendor } from './vendor'

interface Joining {
  organizationId: string
  /** Who asks. */
  personId: string
  /** The key that they have shown; null where their mail domain is the organization's. */
  key: { id: string; shortId: string } | null
  now: Date
}

/**
 * Asks the owners to let somebody in, and tells them by mail.
 * @returns the request's ID
 * @throws Refused `works_for_vendor`; Conflict `already_member`, `already_asked`
 */
export async function openJoinRequest(
  tx: OrganizationTx,
  { organizationId, personId, key, now }: Joining,
): Promise<string> {
  const email = await nameOf(tx, personId)
  if (await worksForVendor(tx, personId)) throw new Refused('works_for_vendor', { email })
  if (await isMember(tx, organizationId, personId)) throw new Conflict('already_member', { email })
  const ownersUntil = ownersDecideUntil(now, await timeZoneOf(tx, organizationId))
  const about = { kind: 'join' as const, keyId: key?.id ?? null, ownersUntil }
  const requestId = await openRequest(tx, { organizationId, personId, reason: null, now, about })
  const owners = await tx
    .select({ id: memberships.personId })
    .from(memberships)
    .where(and(eq(memberships.organizationId, organizationId), eq(memberships.role, 'owner')))
  const asked = { organizationId, changeId: requestId, byPersonId: personId, at: now.toISOString() }
  const shortId = key?.shortId ?? null
  for (const { id: memberId } of owners)
    await enqueue(tx, 'mail.asked_to_join', { ...asked, memberId, shortId })
  return requestId
}
