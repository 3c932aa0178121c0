import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { firstDay, lastDay } from '@/lib/messages/dates'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'

interface NotInGlpiMail {
  to: string
  language: Language
  /** Its name. */
  name: string
  slug: string
  /** The organization's, in which keys end. */
  timeZone: string
  keys: { product: string; instance: string | null; shortId: string; oldShortId: string; oldEndsAt: Date }[]
  /** What time it is. */
  at: Date
}

const mostNamed = 50

/** Tells which new keys wait to be put into GLPI, and when the old ones end. No key is in it. */
export async function notInGlpiMail({ to, language, name, slug, timeZone, keys, at }: NotInGlpiMail) {
  const t = translator(language)
  const count = keys.length
  const subject = t('mail.not_in_glpi.subject', { count, organization: forSubject(name) })
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.not_in_glpi.title', { count })} kind="not_in_glpi">
      <Text style={{ margin: '0 0 12px' }}>{t('mail.not_in_glpi.text', { count })}</Text>
      {keys.slice(0, mostNamed).map(({ product, instance, shortId, oldShortId, oldEndsAt }) => (
        <Text key={shortId} style={{ margin: '0 0 8px' }}>
          {t('mail.not_in_glpi.key', {
            product,
            instance: instance ?? t('billing.everywhere'),
            shortId,
            oldShortId,
            ended: oldEndsAt <= at ? 'yes' : 'no',
            until: (oldEndsAt <= at ? firstDay : lastDay)(oldEndsAt, language, timeZone),
          })}
        </Text>
      ))}
      <Text style={{ margin: '12px 0' }}>{t('mail.not_in_glpi.else', { count })}</Text>
      <MailButton href={`${env().PUBLIC_URL}/${slug}`}>{t('mail.not_in_glpi.button', { count })}</MailButton>
    </MailLayout>,
  )
  return { subject, ...rendered }
}
