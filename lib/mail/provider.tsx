import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'

/** To one of the staff who asked for a code, where the vendor's own provider signs them in. */
export async function providerMail(to: string, language: Language) {
  const { VENDOR_NAME: vendor, PUBLIC_URL } = env()
  const t = translator(language)
  const body = (
    <MailLayout language={language} to={to} title={t('mail.provider.title')}>
      <Text style={{ margin: '0 0 12px' }}>{t('mail.provider.text', { vendor })}</Text>
      <MailButton href={`${PUBLIC_URL}/sign-in/staff`}>{t('mail.provider.button')}</MailButton>
      <Text style={{ margin: 0 }}>{t('mail.provider.not_you')}</Text>
    </MailLayout>
  )
  return { subject: t('mail.provider.subject', { vendor }), ...(await renderMail(body)) }
}
