import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { mailedMoment } from '@/lib/messages/dates'
import { translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import type { SignInMail } from './sign-in'
import { forSubject } from './subject'

const spaced = { margin: '0 0 12px' }

/** Asks whoever has the address to confirm it, so that the trial begins. Its link carries PUBLIC_URL. */
export async function trialConfirmMail(mail: SignInMail & { product: string }) {
  const { to, code, link, language, askedAt, timeZone, minutes, product } = mail
  const t = translator(language)
  const when = mailedMoment(askedAt, language, timeZone)
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.trial_confirm.title', { product })}>
      <Text style={{ margin: '0 0 8px' }}>{t('mail.trial_confirm.code')}</Text>
      <Text style={{ margin: '0 0 24px', fontSize: 34, lineHeight: 1.2, fontWeight: 600, letterSpacing: 6 }}>
        {code}
      </Text>
      <Text style={spaced}>{t('mail.trial_confirm.link')}</Text>
      <MailButton href={`${env().PUBLIC_URL}/sign-in/link?token=${link}`}>
        {t('mail.trial_confirm.button')}
      </MailButton>
      <Text style={spaced}>{t('mail.sign_in.asked', { when, timeZone, minutes })}</Text>
      <Text style={{ margin: 0 }}>{t('mail.trial_confirm.not_you')}</Text>
    </MailLayout>,
  )
  return { subject: t('mail.trial_confirm.subject', { code, product: forSubject(product) }), ...rendered }
}
