import { Link } from '@react-email/link'
import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { lastDay, mailedMoment } from '@/lib/messages/dates'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'

export interface KeyReturned {
  to: string
  language: Language
  /** The organization's. */
  name: string
  slug: string
  timeZone: string
  product: string
  instance: string | null
  keyId: string
  shortId: string
  reason: string
  /** When it was revoked or, `restored`, works again. */
  happenedAt: Date
  restored: boolean
  keyExpiresAt: Date
  /** The key that counts in its place. */
  counts: { shortId: string; expiresAt: Date | null } | null
  /** It renewed by itself before, and does so no longer. */
  automaticOff: boolean
}

const paragraph = { margin: '0 0 12px' }

/** Tells that a refund or a lost dispute has revoked a key, or that it is restored; and what to do. No key is in it. */
export async function keyReturnedMail(mail: KeyReturned) {
  const { to, language, name, slug, timeZone, product, keyId, shortId, restored, counts, automaticOff } = mail
  const t = translator(language)
  const { PUBLIC_URL, SUPPORT_EMAIL } = env()
  const which = restored ? 'restored' : 'revoked'
  const until = restored ? mail.keyExpiresAt : counts?.expiresAt
  const facts = {
    ...{ product, shortId, organization: name, timeZone, reason: mail.reason },
    instance: mail.instance ?? t('billing.everywhere'),
    date: mailedMoment(mail.happenedAt, language, timeZone),
    counts: counts?.shortId ?? 'none',
    until: until ? lastDay(until, language, timeZone) : '',
  }
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t(`mail.key_returned.${which}.title`)}>
      <Text style={paragraph}>{t(`mail.key_returned.${which}.text`, facts)}</Text>
      <Text style={paragraph}>{t(`mail.key_returned.${which}.works`, facts)}</Text>
      {automaticOff && <Text style={paragraph}>{t('mail.key_returned.automatic')}</Text>}
      <Text style={paragraph}>
        {t.rich(`mail.key_returned.${which}.do`, {
          support: SUPPORT_EMAIL,
          mail: (chunks) => <Link href={`mailto:${SUPPORT_EMAIL}`}>{chunks}</Link>,
        })}
      </Text>
      <MailButton href={`${PUBLIC_URL}/${slug}/keys/${keyId}`}>{t('mail.key_returned.button')}</MailButton>
    </MailLayout>,
  )
  const subject = t(`mail.key_returned.${which}.subject`, { product: forSubject(product), shortId })
  return { subject, ...rendered }
}
