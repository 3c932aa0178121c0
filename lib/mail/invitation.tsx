import { Text } from '@react-email/text'
import type { MemberRole } from '@/lib/access'
import { env } from '@/lib/env'
import { mailedMoment } from '@/lib/messages/dates'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'

export interface InvitationMail {
  to: string
  organization: string
  role: MemberRole
  /** Null: the vendor. */
  by: string | null
  token: string
  expiresAt: Date
  language: Language
  timeZone: string
}

/** The mail that invites somebody. Its link opens a page with a button; only that joins, and only by this address. */
export async function invitationMail(
  mail: InvitationMail,
): Promise<{ subject: string; html: string; text: string }> {
  const t = translator(mail.language)
  const subject = t('mail.invitation.subject', {
    organization: forSubject(mail.organization),
    vendor: env().VENDOR_NAME,
  })
  return { subject, ...(await renderMail(<Invitation {...mail} />)) }
}

function Invitation({ to, organization, role, by, token, expiresAt, language, timeZone }: InvitationMail) {
  const t = translator(language)
  const { PUBLIC_URL, VENDOR_NAME } = env()
  const url = `${PUBLIC_URL}/invitation?token=${token}`
  const facts = { by: by ?? VENDOR_NAME, organization, vendor: VENDOR_NAME, role: t(`errors.role.${role}`) }
  return (
    <MailLayout language={language} to={to} title={t('mail.invitation.title', { organization })}>
      <Text style={{ margin: '0 0 12px' }}>{t('mail.invitation.text', facts)}</Text>
      <Text style={{ margin: '0 0 12px' }}>{t('mail.invitation.link', { email: to })}</Text>
      <MailButton href={url}>{t('mail.invitation.button')}</MailButton>
      <Text style={{ margin: '0 0 12px' }}>
        {t('mail.invitation.until', { date: mailedMoment(expiresAt, language, timeZone), timeZone })}
      </Text>
      <Text style={{ margin: 0 }}>{t('mail.invitation.not_expected')}</Text>
    </MailLayout>
  )
}
