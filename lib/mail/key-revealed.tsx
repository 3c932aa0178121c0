import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { mailedMoment } from '@/lib/messages/dates'
import { translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import type { MemberMail } from './member-change'
import { forSubject } from './subject'

const mostNamed = 20

/**
 * Tells an owner that one of the vendor's people has seen keys in full.
 * @param revealed short IDs and products: what names a key and is none.
 */
export async function keyRevealedMail(mail: MemberMail & { revealed: string[] }) {
  const { language, timeZone, organization, slug, by, at, revealed } = mail
  const t = translator(language)
  const { VENDOR_NAME: vendor, PUBLIC_URL } = env()
  const count = revealed.length
  const named = { by: forSubject(by), organization: forSubject(organization) }
  const subject = t('mail.key_revealed.subject', { ...named, count })
  const when = mailedMoment(at, language, timeZone)
  const rendered = await renderMail(
    <MailLayout language={language} to={mail.to} title={subject}>
      <Text style={{ margin: '0 0 12px' }}>
        {t('mail.key_revealed.text', { when, timeZone, by, vendor, count, organization })}
      </Text>
      {revealed.slice(0, mostNamed).map((key) => (
        <Text key={key} style={{ margin: '0 0 4px' }}>
          {key}
        </Text>
      ))}
      {count > mostNamed && (
        <Text style={{ margin: '0 0 4px' }}>{t('mail.key_revealed.more', { count: count - mostNamed })}</Text>
      )}
      <Text style={{ margin: '12px 0' }}>{t('mail.key_revealed.why')}</Text>
      <MailButton href={`${PUBLIC_URL}/${slug}/activity`}>{t('mail.key_revealed.button')}</MailButton>
    </MailLayout>,
  )
  return { subject, ...rendered }
}
