import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { mailedMoment } from '@/lib/messages/dates'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'

interface EmailChangeMail {
  to: string
  language: Language
  timeZone: string
  /** When it was asked for. */
  at: Date
}
interface Linked extends EmailChangeMail {
  link: string
  expiresAt: Date
}

const space = { margin: '0 0 12px' }

/** Asks the address of before whether another may take its place. */
export async function confirmOldMail(mail: Linked & { newEmail: string }) {
  const { to, language, at, timeZone, newEmail } = mail
  const t = translator(language)
  const subject = t('mail.email_old.subject', { vendor: env().VENDOR_NAME })
  const when = mailedMoment(at, language, timeZone)
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.email_old.title')}>
      <Text style={space}>{t('mail.email_old.text', { email: to, newEmail, when, timeZone })}</Text>
      <Text style={space}>{t('mail.email_old.link')}</Text>
      <Confirm {...mail} />
      <Text style={space}>{t('mail.email_old.not_you')}</Text>
      <MailButton href={`${env().PUBLIC_URL}/account`}>{t('mail.email_old.sessions')}</MailButton>
    </MailLayout>,
  )
  return { subject, ...rendered }
}

/** Asks the new address whether it is the person's. It names no other: it may have been mistyped. */
export async function confirmNewMail(mail: Linked) {
  const { to, language, at, timeZone } = mail
  const { VENDOR_NAME: vendor } = env()
  const t = translator(language)
  const subject = t('mail.email_new.subject', { vendor })
  const when = mailedMoment(at, language, timeZone)
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.email_new.title')}>
      <Text style={space}>{t('mail.email_new.text', { email: to, vendor, when, timeZone })}</Text>
      <Text style={space}>{t('mail.email_new.link')}</Text>
      <Confirm {...mail} />
      <Text style={{ margin: 0 }}>{t('mail.email_new.not_you')}</Text>
    </MailLayout>,
  )
  return { subject, ...rendered }
}

/** Tells whose address it is that somebody else wanted it. */
export async function takenMail({ to, language, at, timeZone }: EmailChangeMail) {
  const { VENDOR_NAME: vendor, PUBLIC_URL } = env()
  const t = translator(language)
  const subject = t('mail.email_taken.subject', { vendor })
  const when = mailedMoment(at, language, timeZone)
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.email_taken.title')}>
      <Text style={space}>{t('mail.email_taken.text', { email: to, vendor, when, timeZone })}</Text>
      <Text style={space}>{t('mail.email_taken.you')}</Text>
      <MailButton href={`${PUBLIC_URL}/sign-in`}>{t('mail.email_taken.button')}</MailButton>
      <Text style={{ margin: 0 }}>{t('mail.email_taken.not_you')}</Text>
    </MailLayout>,
  )
  return { subject, ...rendered }
}

function Confirm({ language, timeZone, link, expiresAt }: Linked) {
  const t = translator(language)
  return (
    <>
      <MailButton href={`${env().PUBLIC_URL}/account/email?token=${link}`}>
        {t('mail.email_old.button')}
      </MailButton>
      <Text style={space}>
        {t('mail.email_old.until', { date: mailedMoment(expiresAt, language, timeZone), timeZone })}
      </Text>
    </>
  )
}
