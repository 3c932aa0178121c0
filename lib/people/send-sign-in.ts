import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { people, signIns } from '@/db/schema/people'
import { asSystem } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Jobs } from '@/lib/jobs/jobs'
import { openText } from '@/lib/keys/vault'
import { log } from '@/lib/log'
import { sendMail } from '@/lib/mail/send'
import { signInMail } from '@/lib/mail/sign-in'
import { mayComplete, signInMinutes } from './rules'

const Secrets = z.object({ code: z.string(), link: z.string() })

/**
 * The job `mail.sign_in`. It sends nothing where the mail would be of no use (used, 10 minutes old) or where the address
 * is nobody's; the page has said the same to all.
 * @throws when the mail server does not take it; the job is then tried again, until the mail is too old.
 */
export async function sendSignIn({ signInId, sealed }: Jobs['mail.sign_in']) {
  const asked = await asSystem('send a sign-in mail', async (tx) => {
    const [row] = await tx
      .select({ signIn: signIns, timeZone: people.timeZone })
      .from(signIns)
      .innerJoin(people, eq(people.email, signIns.email))
      .where(eq(signIns.id, signInId))
    return row
  })
  if (!asked) return
  const { signIn, timeZone } = asked
  const verdict = mayComplete(signIn, now())
  if (!verdict.ok) {
    log.info({ signIn: signInId, because: verdict.because }, 'a sign-in mail came too late and was not sent')
    return
  }
  const { code, link } = Secrets.parse(JSON.parse(openText(sealed, signInId)))
  const mail = await signInMail({
    to: signIn.email,
    code,
    link,
    language: signIn.language,
    askedAt: signIn.createdAt,
    timeZone,
    minutes: signInMinutes,
  })
  await sendMail({ identity: `sign-in.${signInId}`, to: signIn.email, ...mail })
}
