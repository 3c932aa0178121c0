import { Text } from '@react-email/text'
import type { MemberRole } from '@/lib/access'
import { env } from '@/lib/env'
import { mailedMoment } from '@/lib/messages/dates'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'

export interface MemberMail {
  to: string
  language: Language
  timeZone: string
  organization: string
  slug: string
  /** Who did it, by name or address. */
  by: string
  at: Date
}

/** Tells a member that they have another role. */
export async function roleChangedMail(mail: MemberMail & { role: MemberRole }) {
  const { language, timeZone, organization, slug, by, at } = mail
  const t = translator(language)
  const role = t(`errors.role.${mail.role}`)
  const subject = t('mail.role_changed.subject', { organization: forSubject(organization), role })
  const url = `${env().PUBLIC_URL}/${slug}/members`
  const rendered = await renderMail(
    <MailLayout language={language} to={mail.to} title={subject}>
      <Text style={{ margin: '0 0 12px' }}>
        {t('mail.role_changed.text', { by, organization, role, ...when(at, language, timeZone) })}
      </Text>
      <Text style={{ margin: '0 0 12px' }}>{t('mail.role_changed.may')}</Text>
      <MailButton href={url}>{t('mail.role_changed.button')}</MailButton>
    </MailLayout>,
  )
  return { subject, ...rendered }
}

/** Tells somebody that they are a member no longer. */
export async function removedMail({ to, language, timeZone, organization, by, at }: MemberMail) {
  const t = translator(language)
  const subject = t('mail.removed.subject', { organization: forSubject(organization) })
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={subject}>
      <Text style={{ margin: '0 0 12px' }}>
        {t('mail.removed.text', { by, organization, ...when(at, language, timeZone) })}
      </Text>
      <Text style={{ margin: 0 }}>{t('mail.removed.wrong', { by })}</Text>
    </MailLayout>,
  )
  return { subject, ...rendered }
}

const when = (at: Date, language: Language, timeZone: string) => ({
  when: mailedMoment(at, language, timeZone),
  timeZone,
})
