import { and, eq } from 'drizzle-orm'
import { people } from '@/db/schema/people'
import { sentMails } from '@/db/schema/reminders'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { env } from '@/lib/env'
import { kindOf, type MailJob, type MailKind, mailsAddress } from './kinds'
import { type Mail, sendMail } from './send'
import { unsubscribeRoute, unsubscribeToken } from './unsubscribe'

/** One person's mail of those that are about the same. */
export interface MailOnce {
  /** The job that sends it, and so whether the person may be spared it. */
  job: MailJob
  organizationId: string
  /** What it is about, such as `keys-ready.<Checkout>`. */
  about: string
  personId: string
  to: string
  make: () => Promise<Pick<Mail, 'subject' | 'html' | 'text'>>
}

/**
 * Sends a mail, unless the person has turned its kind off or it is known to have gone out, and notes when the mail server took
 * it. A process that is killed between the two sends it once more, under the same Message-ID.
 * @throws when the mail server does not take it; the job then tries again.
 */
export async function sendOnce({ job, organizationId, about, personId, to, make }: MailOnce) {
  const kind = kindOf[job]
  if (await isToSpare(organizationId, about, personId, kind)) return
  const mail = await make()
  const headers = kind === 'always' ? {} : turnsOff(mail, personId, kind)
  await sendMail({ job: 'sendOnce', identity: `${about}.${personId}`, to, ...mail, headers })
  await asOrganization(organizationId, (tx) =>
    tx.insert(sentMails).values({ organizationId, about, personId, sentAt: now() }).onConflictDoNothing(),
  )
}

async function isToSpare(organizationId: string, about: string, personId: string, kind: MailKind | 'always') {
  return asOrganization(organizationId, async (tx) => {
    const sent = await tx
      .select({ at: sentMails.sentAt })
      .from(sentMails)
      .where(
        and(
          eq(sentMails.organizationId, organizationId),
          eq(sentMails.about, about),
          eq(sentMails.personId, personId),
        ),
      )
    if (sent.length > 0 || kind === 'always') return sent.length > 0
    const [person] = await tx.select({ muted: people.mutedMails }).from(people).where(eq(people.id, personId))
    return person?.muted.includes(kind)
  })
}

/** RFC 8058: by which a mail program's own button turns them off. */
function turnsOff({ text }: Pick<Mail, 'text'>, personId: string, kind: MailKind) {
  const { PUBLIC_URL } = env()
  // Its frame says it where it is told the kind; whoever forgets that sees their test of the mail fail.
  if (!text.includes(`${PUBLIC_URL}${mailsAddress}`))
    throw new Error(`a mail of ${kind} does not say how it is turned off`)
  return {
    'List-Unsubscribe': `<${PUBLIC_URL}${unsubscribeRoute(unsubscribeToken(personId, kind))}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  }
}
