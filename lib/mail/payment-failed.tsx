import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { mailedMoment } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'
import { renewsText, type TermFacts, termText } from './term-text'

export interface PaymentFailed {
  to: string
  language: Language
  /** The organization's. */
  name: string
  slug: string
  timeZone: string
  checkoutId: string
  /** Who began it; null where that was nobody. */
  by: string | null
  begunAt: Date
  currency: string
  /** In the smallest unit, as it was shown. */
  amount: number
  /** What of it nobody has paid since; `renews`: null where it was bought anew. */
  lines: { product: string; instance: string | null; renews: TermFacts | null }[]
  at: Date
}

const paragraph = { margin: '0 0 12px' }

/** Tells that the money of a delayed payment did not come, and what to do. No key is in it. */
export async function paymentFailedMail(mail: PaymentFailed) {
  const { to, language, name, slug, timeZone, checkoutId, by, begunAt, currency, lines } = mail
  const t = translator(language)
  const amount = money(mail.amount, currency, language)
  const facts = {
    ...{ amount, organization: name, timeZone },
    who: by ?? t('billing.checkout.by_somebody'),
    date: mailedMoment(begunAt, language, timeZone),
  }
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.payment_failed.title')}>
      <Text style={paragraph}>{t('mail.payment_failed.text', facts)}</Text>
      {lines.map(({ product, instance, renews }) => (
        <Text key={`${product} ${instance}`} style={paragraph}>
          <b>{t('mail.reminders.what', { product, instance: instance ?? t('billing.everywhere') })}</b>
          {renews && (
            <>
              <br />
              {termText(renews, mail)} {renews.automatic && renewsText(renews, mail)}
            </>
          )}
        </Text>
      ))}
      <Text style={paragraph}>{t('mail.payment_failed.do')}</Text>
      <MailButton href={`${env().PUBLIC_URL}/${slug}/billing/checkouts/${checkoutId}`}>
        {t('mail.payment_failed.button')}
      </MailButton>
    </MailLayout>,
  )
  const subject = t('mail.payment_failed.subject', { amount, organization: forSubject(name) })
  return { subject, ...rendered }
}
