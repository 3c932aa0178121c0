import { eq } from 'drizzle-orm'
import { organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { asOrganization } from '@/db/scope'
import type { Jobs } from '@/lib/jobs/jobs'
import { askedToJoinMail } from '@/lib/mail/asked-to-join'
import { keyRevealedMail } from '@/lib/mail/key-revealed'
import type { MailSentAlways } from '@/lib/mail/kinds'
import { type MemberMail, removedMail, roleChangedMail } from '@/lib/mail/member-change'
import { sendMail } from '@/lib/mail/send'

/** The job `mail.role_changed`. @throws when the mail server does not take it; the job is then tried again. */
export async function sendRoleChanged({ role, ...change }: Jobs['mail.role_changed']) {
  await send('mail.role_changed', 'role-changed', change, (mail) => roleChangedMail({ ...mail, role }))
}

/** The job `mail.removed`. @throws when the mail server does not take it; the job is then tried again. */
export async function sendRemoved(change: Jobs['mail.removed']) {
  await send('mail.removed', 'removed', change, removedMail)
}

/** The job `mail.key_revealed`. @throws when the mail server does not take it; the job is then tried again. */
export async function sendKeyRevealed({ revealed, ...change }: Jobs['mail.key_revealed']) {
  // One mail for each owner, each with a name of its own.
  const kind = `key-revealed.${change.memberId}`
  await send('mail.key_revealed', kind, change, (mail) => keyRevealedMail({ ...mail, revealed }))
}

/** The job `mail.asked_to_join`. @throws when the mail server does not take it; the job is then tried again. */
export async function sendAskedToJoin({ shortId, ...change }: Jobs['mail.asked_to_join']) {
  const kind = `asked-to-join.${change.memberId}`
  await send('mail.asked_to_join', kind, change, (mail) => askedToJoinMail({ ...mail, shortId }))
}

async function send(
  job: MailSentAlways,
  kind: string,
  { organizationId, changeId, memberId, byPersonId, at }: Jobs['mail.removed'],
  make: (mail: MemberMail & { byEmail: string }) => Promise<{ subject: string; html: string; text: string }>,
) {
  const found = await asOrganization(organizationId, async (tx) => {
    const [[organization], [member], [by]] = await Promise.all([
      tx
        .select({ name: organizations.name, slug: organizations.slug })
        .from(organizations)
        .where(eq(organizations.id, organizationId)),
      tx.select().from(people).where(eq(people.id, memberId)),
      tx.select().from(people).where(eq(people.id, byPersonId)),
    ])
    return organization && member && by ? { organization, member, by } : null
  })
  if (!found) return
  const { organization, member, by } = found
  const { email: to, language, timeZone } = member
  const facts = { to, language, timeZone, at: new Date(at), by: by.name || by.email, byEmail: by.email }
  const mail = await make({ ...facts, organization: organization.name, slug: organization.slug })
  await sendMail({ job, identity: `${kind}.${changeId}`, to, ...mail })
}
