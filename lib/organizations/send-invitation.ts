import { and, eq } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { invitations, organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Jobs } from '@/lib/jobs/jobs'
import { openText } from '@/lib/keys/vault'
import { log } from '@/lib/log'
import { invitationMail } from '@/lib/mail/invitation'
import { sendMail } from '@/lib/mail/send'
import { isOpen } from './rules'

/**
 * The job `mail.invitation`. It sends nothing where the invitation is over by then.
 * @throws when the mail server does not take it; the job is then tried again.
 */
export async function sendInvitation({ organizationId, invitationId, sealed }: Jobs['mail.invitation']) {
  const inviter = alias(people, 'inviter')
  const [found] = await asOrganization(organizationId, (tx) =>
    tx
      .select({
        invitation: invitations,
        organization: organizations.name,
        ownLanguage: people.language,
        confirmed: people.emailVerified,
        timeZone: people.timeZone,
        inviterName: inviter.name,
        inviterEmail: inviter.email,
      })
      .from(invitations)
      .innerJoin(organizations, eq(organizations.id, invitations.organizationId))
      .innerJoin(people, eq(people.email, invitations.email))
      .leftJoin(inviter, eq(inviter.id, invitations.invitedById))
      .where(and(eq(invitations.organizationId, organizationId), eq(invitations.id, invitationId))),
  )
  if (!found) return
  const { invitation, inviterName, inviterEmail, ownLanguage, confirmed, ...rest } = found
  const verdict = isOpen(invitation, now())
  if (!verdict.ok) {
    log.info({ invitation: invitationId, because: verdict.because }, 'an invitation is over and was not sent')
    return
  }
  const mail = await invitationMail({
    ...rest,
    to: invitation.email,
    role: invitation.role,
    // Who has signed in before has a language of their own; nobody else chooses it for them.
    language: confirmed ? ownLanguage : invitation.language,
    by: inviterName || inviterEmail,
    token: openText(sealed, invitationId),
    expiresAt: invitation.expiresAt,
  })
  await sendMail({
    job: 'mail.invitation',
    identity: `invitation.${invitationId}`,
    to: invitation.email,
    ...mail,
  })
}
