import { eq } from 'drizzle-orm'
import { emailChanges, people } from '@/db/schema/people'
import { asSystem } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Jobs } from '@/lib/jobs/jobs'
import { openText } from '@/lib/keys/vault'
import { log } from '@/lib/log'
import { confirmNewMail, confirmOldMail, takenMail } from '@/lib/mail/email-change'
import { sendMail } from '@/lib/mail/send'
import { mayConfirm } from './rules'

/**
 * The job `mail.email_change`. It sends nothing where the link would be of no use by then. To an address that is somebody
 * else's it sends no link, but tells them.
 * @throws when the mail server does not take it; the job is then tried again.
 */
export async function sendEmailChange({ changeId, side, sealed }: Jobs['mail.email_change']) {
  const found = await asSystem('send a mail about a change of address', async (tx) => {
    const [asked] = await tx
      .select({ change: emailChanges, language: people.language, timeZone: people.timeZone })
      .from(emailChanges)
      .innerJoin(people, eq(people.id, emailChanges.personId))
      .where(eq(emailChanges.id, changeId))
    if (!asked) return null
    const [holder] = await tx
      .select({ language: people.language, timeZone: people.timeZone })
      .from(people)
      .where(eq(people.email, asked.change.newEmail))
    return { ...asked, holder }
  })
  if (!found) return
  const { change, language, timeZone, holder } = found
  const verdict = mayConfirm(change, side, now())
  if (!verdict.ok) {
    log.info({ change: changeId, because: verdict.because }, 'a mail about a change of address came too late')
    return
  }
  const { oldEmail, newEmail, createdAt: at, expiresAt } = change
  const link = () => openText(sealed, `${changeId}.${side}`)
  const facts = { language, timeZone, at }
  const mail =
    side === 'old'
      ? await confirmOldMail({ ...facts, to: oldEmail, newEmail, link: link(), expiresAt })
      : holder
        ? await takenMail({ to: newEmail, at, ...holder })
        : await confirmNewMail({ ...facts, to: newEmail, link: link(), expiresAt })
  await sendMail({
    job: 'mail.email_change',
    identity: `email-change.${changeId}.${side}`,
    to: side === 'old' ? oldEmail : newEmail,
    ...mail,
  })
}
