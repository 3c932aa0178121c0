import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { mailedMoment } from '@/lib/messages/dates'
import { translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import type { MemberMail } from './member-change'
import { forSubject } from './subject'

/**
 * Tells an owner that somebody asks to be let in, who holds a key or has an address at the owners' domain. Named by the address alone, which is confirmed; a name
 * anybody may choose.
 */
export async function askedToJoinMail(mail: MemberMail & { byEmail: string; shortId: string | null }) {
  const { language, timeZone, organization, slug, byEmail: email, at, shortId } = mail
  const t = translator(language)
  const subject = t('mail.asked_to_join.subject', { email, organization: forSubject(organization) })
  const when = mailedMoment(at, language, timeZone)
  const url = `${env().PUBLIC_URL}/${slug}/members#asked`
  const by = shortId ? 'key' : 'domain'
  const rendered = await renderMail(
    <MailLayout language={language} to={mail.to} title={t('mail.asked_to_join.title', { organization })}>
      <Text style={{ margin: '0 0 12px' }}>
        {t('mail.asked_to_join.text', { when, timeZone, email, organization, by, shortId: shortId ?? '' })}
      </Text>
      <MailButton href={url}>{t('mail.asked_to_join.button')}</MailButton>
      <Text style={{ margin: 0 }}>{t('mail.asked_to_join.unknown', { by })}</Text>
    </MailLayout>,
  )
  return { subject, ...rendered }
}
