import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { mailedMoment } from '@/lib/messages/dates'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'

interface NewDeviceMail {
  to: string
  language: Language
  timeZone: string
  /** In words, in that language. */
  device: string
  at: Date
}

/** Tells a person that somebody signed in as them with a browser that is new, and where to end all sessions. */
export async function newDeviceMail({ to, language, timeZone, device, at }: NewDeviceMail) {
  const { PUBLIC_URL, VENDOR_NAME: vendor } = env()
  const t = translator(language)
  const when = mailedMoment(at, language, timeZone)
  const subject = t('mail.new_device.subject', { vendor })
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.new_device.title')}>
      <Text style={{ margin: '0 0 12px' }}>
        {t('mail.new_device.text', { vendor, device, when, timeZone })}
      </Text>
      <Text style={{ margin: '0 0 12px' }}>{t('mail.new_device.you')}</Text>
      <Text style={{ margin: '0 0 12px' }}>{t('mail.new_device.not_you')}</Text>
      <MailButton href={`${PUBLIC_URL}/account`}>{t('mail.new_device.button')}</MailButton>
    </MailLayout>,
  )
  return { subject, ...rendered }
}
