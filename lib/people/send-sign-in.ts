import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { people } from '@/db/schema/people'
import { signIns } from '@/db/schema/sign-ins'
import { asSystem } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Jobs } from '@/lib/jobs/jobs'
import { openText } from '@/lib/keys/vault'
import { log } from '@/lib/log'
import { providerMail } from '@/lib/mail/provider'
import { sendMail } from '@/lib/mail/send'
import { signInMail } from '@/lib/mail/sign-in'
import { signsInByProvider } from './person'
import { mayComplete, signInMinutes } from './rules'

export const Secrets = z.object({ code: z.string(), link: z.string() })

/**
 * The job `mail.sign_in`. It sends nothing where the mail would be of no use (used, 10 minutes old) or where the address
 * is nobody's; the page has said the same to all. Staff whom the vendor's provider signs in are told so.
 * @throws when the mail server does not take it; the job is then tried again, until the mail is too old.
 */
export async function sendSignIn({ signInId, sealed }: Jobs['mail.sign_in']) {
  const asked = await asSystem('send a sign-in mail', async (tx) => {
    const [row] = await tx
      .select({ signIn: signIns, person: people })
      .from(signIns)
      .innerJoin(people, eq(people.email, signIns.email))
      .where(eq(signIns.id, signInId))
    return row && { ...row, byProvider: await signsInByProvider(tx, row.person.id) }
  })
  if (!asked) return
  const { signIn, person, byProvider } = asked
  const verdict = mayComplete(signIn, now())
  if (!verdict.ok) {
    log.info({ signIn: signInId, because: verdict.because }, 'a sign-in mail came too late and was not sent')
    return
  }
  const identity = `sign-in.${signInId}`
  if (byProvider) {
    await sendMail({
      job: 'mail.sign_in',
      identity,
      to: signIn.email,
      ...(await providerMail(signIn.email, signIn.language)),
    })
    return
  }
  const { code, link } = Secrets.parse(JSON.parse(openText(sealed, signInId)))
  const mail = await signInMail({
    to: signIn.email,
    code,
    link,
    language: signIn.language,
    askedAt: signIn.createdAt,
    timeZone: person.timeZone,
    minutes: signInMinutes,
  })
  await sendMail({ job: 'mail.sign_in', identity, to: signIn.email, ...mail })
}
