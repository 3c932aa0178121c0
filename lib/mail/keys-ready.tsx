import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { lastDay } from '@/lib/messages/dates'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'

export interface KeysReady {
  to: string
  language: Language
  organization: string
  slug: string
  /** The organization's, in which terms and keys end. */
  timeZone: string
  checkoutId: string
  /** How many of them their plugins fetch by themselves. */
  come: 'all' | 'some' | 'none'
  keys: {
    product: string
    instance: string | null
    shortId: string
    paidUntil: Date
    /** Until when the old key goes on; null where there was none. */
    oldUntil: Date | null
    /** Its plugin fetches it by itself. */
    comes: boolean
  }[]
}

const mostNamed = 50

/** Tells that what was paid has its keys, and where they are. No key is in it. */
export async function keysReadyMail(mail: KeysReady) {
  const { to, language, organization, slug, timeZone, keys, come, checkoutId } = mail
  const t = translator(language)
  const { PUBLIC_URL } = env()
  const count = keys.length
  const subject = t('mail.keys_ready.subject', { count, organization: forSubject(organization) })
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.keys_ready.title', { count })}>
      <Text style={{ margin: '0 0 12px' }}>{t('mail.keys_ready.text', { count, organization, come })}</Text>
      {keys.slice(0, mostNamed).map(({ product, instance, shortId, paidUntil, oldUntil, comes }) => (
        <Text key={shortId} style={{ margin: '0 0 8px' }}>
          {t('mail.keys_ready.key', {
            product,
            shortId,
            instance: instance ?? t('billing.everywhere'),
            until: lastDay(paidUntil, language, timeZone),
            comes: comes ? 'yes' : 'no',
            old: oldUntil ? 'yes' : 'no',
            oldUntil: oldUntil ? lastDay(oldUntil, language, timeZone) : '',
          })}
        </Text>
      ))}
      <MailButton href={`${PUBLIC_URL}/${slug}/billing/checkouts/${checkoutId}`}>
        {t('mail.keys_ready.button', { count })}
      </MailButton>
    </MailLayout>,
  )
  return { subject, ...rendered }
}
