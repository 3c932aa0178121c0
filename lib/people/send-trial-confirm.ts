import { eq } from 'drizzle-orm'
import { products } from '@/db/schema/catalog'
import { people } from '@/db/schema/people'
import { signIns } from '@/db/schema/sign-ins'
import { trialSignUps } from '@/db/schema/trials'
import { asSystem } from '@/db/scope'
import { now } from '@/lib/clock'
import type { Jobs } from '@/lib/jobs/jobs'
import { openText } from '@/lib/keys/vault'
import { log } from '@/lib/log'
import { providerMail } from '@/lib/mail/provider'
import { sendMail } from '@/lib/mail/send'
import { trialConfirmMail } from '@/lib/mail/trial-confirm'
import { signsInByProvider } from './person'
import { mayComplete, signInMinutes } from './rules'
import { Secrets } from './send-sign-in'

/**
 * The job `mail.trial_confirm`: to whatever address was typed, and the same mail whoever that is. It names the product and nothing
 * else of what was typed, so that nobody writes to others by it. Staff whom the vendor's provider signs in are told so.
 * @throws when the mail server does not take it; the job is then tried again, until the mail is too old.
 */
export async function sendTrialConfirm({ signInId, sealed }: Jobs['mail.trial_confirm']) {
  const asked = await asSystem('send a mail to confirm a trial', async (tx) => {
    const [row] = await tx
      .select({
        signIn: signIns,
        product: products.name,
        timeZone: trialSignUps.timeZone,
        personId: people.id,
      })
      .from(signIns)
      .innerJoin(trialSignUps, eq(trialSignUps.id, signIns.trialSignUpId))
      .innerJoin(products, eq(products.id, trialSignUps.productId))
      .leftJoin(people, eq(people.email, signIns.email))
      .where(eq(signIns.id, signInId))
    return row && { ...row, byProvider: !!row.personId && (await signsInByProvider(tx, row.personId)) }
  })
  if (!asked) return
  const { signIn, product, timeZone, byProvider } = asked
  const { email: to, language, createdAt: askedAt } = signIn
  const verdict = mayComplete(signIn, now())
  if (!verdict.ok) {
    log.info({ signIn: signInId, because: verdict.because }, 'a sign-in mail came too late and was not sent')
    return
  }
  const mailed = { job: 'mail.trial_confirm' as const, identity: `trial-confirm.${signInId}`, to }
  if (byProvider) {
    await sendMail({ ...mailed, ...(await providerMail(to, language)) })
    return
  }
  const secrets = Secrets.parse(JSON.parse(openText(sealed, signInId)))
  const zone = timeZone ?? 'Europe/Paris'
  const mail = { to, ...secrets, language, askedAt, timeZone: zone, minutes: signInMinutes, product }
  await sendMail({ ...mailed, ...(await trialConfirmMail(mail)) })
}
