import { Link } from '@react-email/link'
import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { lastDay, mailedMoment } from '@/lib/messages/dates'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'

export interface KeysReturned {
  to: string
  language: Language
  organization: string
  slug: string
  timeZone: string
  /** What became of their payment. */
  what: 'refunded' | 'disputed' | 'restored'
  /** When they were revoked or, `restored`, work again. */
  happenedAt: Date
  keys: {
    product: string
    instance: string | null
    shortId: string
    /** Until when it works; null where it is revoked. */
    expiresAt: Date | null
    /** The key that counts in its place. */
    counts: { shortId: string; expiresAt: Date } | null
  }[]
  /** One of them renewed by itself before, and does so no longer. */
  automaticOff: boolean
}

const paragraph = { margin: '0 0 12px' }
const mostNamed = 50

/** Tells that a refund or a lost dispute has revoked keys, or that they are restored; and what to do. No key is in it. */
export async function keysReturnedMail(mail: KeysReturned) {
  const { to, language, organization, slug, timeZone, what, keys, automaticOff } = mail
  const t = translator(language)
  const { PUBLIC_URL, SUPPORT_EMAIL } = env()
  const count = keys.length
  const day = (end: Date | null = null) => (end ? lastDay(end, language, timeZone) : 'none')
  const date = mailedMoment(mail.happenedAt, language, timeZone)
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.keys_returned.title', { count, what })}>
      <Text style={paragraph}>
        {t('mail.keys_returned.text', { count, what, organization, date, timeZone })}
      </Text>
      {keys.slice(0, mostNamed).map(({ product, instance, shortId, expiresAt, counts }) => (
        <Text key={shortId} style={{ margin: '0 0 8px' }}>
          {t('mail.keys_returned.key', {
            ...{ product, shortId, instance: instance ?? t('billing.everywhere') },
            ...{
              until: day(expiresAt),
              counts: counts?.shortId ?? 'none',
              countsUntil: day(counts?.expiresAt),
            },
          })}
        </Text>
      ))}
      {automaticOff && <Text style={paragraph}>{t('mail.keys_returned.automatic')}</Text>}
      <Text style={paragraph}>
        {t.rich('mail.keys_returned.do', {
          ...{ count, what, support: SUPPORT_EMAIL },
          mail: (chunks) => <Link href={`mailto:${SUPPORT_EMAIL}`}>{chunks}</Link>,
        })}
      </Text>
      <MailButton href={`${PUBLIC_URL}/${slug}/billing`}>{t('mail.keys_returned.button')}</MailButton>
    </MailLayout>,
  )
  const subject = t('mail.keys_returned.subject', { count, what, organization: forSubject(organization) })
  return { subject, ...rendered }
}
