import { eq } from 'drizzle-orm'
import { invitations, organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { asSystem } from '@/db/scope'
import type { MemberRole } from '@/lib/access'
import type { Language } from '@/lib/messages/translator'
import { tokenHash } from '@/lib/people/tokens'
import type { InvitationFacts } from './rules'

export interface Invitation extends InvitationFacts {
  organizationId: string
  slug: string
  organization: string
  role: MemberRole
  /** Of the page, for who has not signed in and has chosen none. */
  language: Language
  /** The organization's. */
  timeZone: string
  /** Null: the vendor. */
  invitedBy: string | null
}

/** What a mailed link invites to. It only looks: mail scanners open links too. */
export function invitationBy(token: string): Promise<Invitation | null> {
  return asSystem('what a link invites to', async (tx) => {
    const [found] = await tx
      .select({
        organizationId: invitations.organizationId,
        slug: organizations.slug,
        organization: organizations.name,
        email: invitations.email,
        role: invitations.role,
        language: invitations.language,
        timeZone: organizations.timeZone,
        expiresAt: invitations.expiresAt,
        acceptedAt: invitations.acceptedAt,
        withdrawnAt: invitations.withdrawnAt,
        inviterName: people.name,
        inviterEmail: people.email,
      })
      .from(invitations)
      .innerJoin(organizations, eq(organizations.id, invitations.organizationId))
      .leftJoin(people, eq(people.id, invitations.invitedById))
      .where(eq(invitations.tokenHash, tokenHash(token)))
    if (!found) return null
    const { inviterName, inviterEmail, ...invitation } = found
    return { ...invitation, invitedBy: inviterName || inviterEmail }
  })
}
