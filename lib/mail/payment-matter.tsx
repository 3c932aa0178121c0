import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import type { Jobs } from '@/lib/jobs/jobs'
import { moment } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'

export interface PaymentMatterMail {
  to: string
  language: Language
  organization: string
  /** The invoice's. */
  number: string
  currency: string
  /** In the smallest unit. */
  amount: number
  what: Jobs['mail.payment_matter']['what']
  /** Until when Stripe takes an answer; null where it asks for none. */
  dueAt: Date | null
}

/** Tells staff what no rule decides about a payment, with what to do, as their own page says it. */
export async function paymentMatterMail(mail: PaymentMatterMail) {
  const { to, language, organization, number, currency, amount, what, dueAt } = mail
  const t = translator(language)
  const matter = t(`staff.matters.${what}`, { amount: money(amount, currency, language) })
  const due = dueAt ? moment(dueAt, language, 'UTC') : 'none'
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.payment_matter.title')}>
      <Text style={{ margin: '0 0 12px' }}>
        {t('mail.payment_matter.text', { organization, number, matter, due })}
      </Text>
      <Text style={{ margin: '0 0 12px' }}>{t(`staff.matters.to_do.${what}`)}</Text>
      <MailButton href={`${env().PUBLIC_URL}/staff`}>{t('mail.payment_matter.button')}</MailButton>
    </MailLayout>,
  )
  const subject = t('mail.payment_matter.subject', { number, organization: forSubject(organization) })
  return { subject, ...rendered }
}
