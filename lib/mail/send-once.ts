import { and, eq } from 'drizzle-orm'
import { sentMails } from '@/db/schema/reminders'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import { type Mail, sendMail } from './send'

/** One person's mail of those that are about the same. */
export interface MailOnce {
  organizationId: string
  /** What it is about, such as `keys-ready.<Checkout>`. */
  about: string
  personId: string
  to: string
  make: () => Promise<Pick<Mail, 'subject' | 'html' | 'text'>>
}

/**
 * Sends a mail, unless it is known to have gone out, and notes when the mail server took it. A process that is killed between
 * the two sends it once more, under the same Message-ID.
 * @throws when the mail server does not take it; the job then tries again.
 */
export async function sendOnce({ organizationId, about, personId, to, make }: MailOnce) {
  const sent = await asOrganization(organizationId, (tx) =>
    tx
      .select({ at: sentMails.sentAt })
      .from(sentMails)
      .where(
        and(
          eq(sentMails.organizationId, organizationId),
          eq(sentMails.about, about),
          eq(sentMails.personId, personId),
        ),
      ),
  )
  if (sent.length > 0) return
  await sendMail({ identity: `${about}.${personId}`, to, ...(await make()) })
  await asOrganization(organizationId, (tx) =>
    tx.insert(sentMails).values({ organizationId, about, personId, sentAt: now() }).onConflictDoNothing(),
  )
}
