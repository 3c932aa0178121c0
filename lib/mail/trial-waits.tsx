import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'

interface TrialWaits {
  to: string
  language: Language
  slug: string
  product: string
}

const spaced = { margin: '0 0 12px' }

/** Tells who asked for a trial that the account manager looks at it first. */
export async function trialWaitsMail({ to, language, slug, product }: TrialWaits) {
  const t = translator(language)
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.trial_waits.title', { product })} kind="requests">
      <Text style={spaced}>{t('mail.trial_waits.text', { product, vendor: env().VENDOR_NAME })}</Text>
      <MailButton href={`${env().PUBLIC_URL}/${slug}/trials`}>{t('mail.trial_waits.button')}</MailButton>
    </MailLayout>,
  )
  return { subject: t('mail.trial_waits.subject', { product: forSubject(product) }), ...rendered }
}
