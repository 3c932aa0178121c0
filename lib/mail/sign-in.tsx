import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { mailedMoment } from '@/lib/messages/dates'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'

export interface SignInMail {
  to: string
  code: string
  link: string
  language: Language
  askedAt: Date
  timeZone: string
  /** How long code and link are good. */
  minutes: number
}

/** The mail that signs somebody in. Its link carries PUBLIC_URL, whatever host the request named. */
export async function signInMail(mail: SignInMail): Promise<{ subject: string; html: string; text: string }> {
  const subject = translator(mail.language)('mail.sign_in.subject', {
    code: mail.code,
    vendor: env().VENDOR_NAME,
  })
  return { subject, ...(await renderMail(<SignIn {...mail} />)) }
}

function SignIn({ to, code, link, language, askedAt, timeZone, minutes }: SignInMail) {
  const t = translator(language)
  const url = `${env().PUBLIC_URL}/sign-in/link?token=${link}`
  const when = mailedMoment(askedAt, language, timeZone)
  return (
    <MailLayout language={language} to={to} title={t('mail.sign_in.title', { vendor: env().VENDOR_NAME })}>
      <Text style={{ margin: '0 0 8px' }}>{t('mail.sign_in.code')}</Text>
      {/* The digits are one word: a double click or a phone's suggestion takes all of them. */}
      <Text style={{ margin: '0 0 24px', fontSize: 34, lineHeight: 1.2, fontWeight: 600, letterSpacing: 6 }}>
        {code}
      </Text>
      <Text style={{ margin: '0 0 12px' }}>{t('mail.sign_in.link')}</Text>
      <MailButton href={url}>{t('mail.sign_in.button')}</MailButton>
      <Text style={{ margin: '0 0 12px' }}>{t('mail.sign_in.asked', { when, timeZone, minutes })}</Text>
      <Text style={{ margin: 0 }}>{t('mail.sign_in.not_you')}</Text>
    </MailLayout>
  )
}
