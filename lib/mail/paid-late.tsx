import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { money } from '@/lib/messages/money'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'

export interface PaidLate {
  to: string
  language: Language
  organization: string
  currency: string
  /** In the smallest unit, as it was shown. */
  amount: number
  /** With tax, once its invoice is there. */
  charged: number | null
  /** How many of the lines had been paid otherwise meanwhile. */
  twice: number
  /** Of how many the key was revoked, and the new one with it. */
  revoked: number
}

/** Tells staff of money that came after the portal had given it up. */
export async function paidLateMail(mail: PaidLate) {
  const { to, language, organization, currency, amount, charged, twice, revoked } = mail
  const t = translator(language)
  const facts = { organization, amount: money(charged ?? amount, currency, language) }
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.paid_late.title')}>
      <Text style={{ margin: '0 0 12px' }}>{t('mail.paid_late.text', facts)}</Text>
      {twice > 0 && <Text style={{ margin: '0 0 12px' }}>{t('mail.paid_late.twice', { count: twice })}</Text>}
      {revoked > 0 && (
        <Text style={{ margin: '0 0 12px' }}>{t('mail.paid_late.revoked', { count: revoked })}</Text>
      )}
      <MailButton href={`${env().PUBLIC_URL}/staff`}>{t('mail.paid_late.button')}</MailButton>
    </MailLayout>,
  )
  const subject = t('mail.paid_late.subject', { organization: forSubject(organization) })
  return { subject, ...rendered }
}
