import { Link, Text } from '@react-email/components'
import { env } from '@/lib/env'
import { firstDay, lastDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'

export interface RemindersMail {
  to: string
  language: Language
  /** Its name. */
  name: string
  slug: string
  /** The organization's, in which terms and keys end. */
  timeZone: string
  currency: string
  /** Whether it can be paid in the portal at all. */
  sells: boolean
  lines: ReminderLine[]
}

interface ReminderLine {
  product: string
  instance: string | null
  url: string | null
  shortId: string
  termEndsAt: Date
  keyExpiresAt: Date
  price: { amount: number; taxBehavior: 'inclusive' | 'exclusive'; months: number } | null
  verdict: { ok: boolean }
  automatic: { amount: number; currency: string; startedAt: Date | null; failedAt: Date | null } | null
}

const mostNamed = 50
const small = { margin: '0 0 12px', fontSize: 14 }

/** Tells what ends soon, line by line, and where it is renewed. No key is in it. */
export async function remindersMail(mail: RemindersMail) {
  const { to, language, name, slug, lines, sells } = mail
  const t = translator(language)
  const { PUBLIC_URL, SUPPORT_EMAIL } = env()
  const count = lines.length
  const subject = t('mail.reminders.subject', { count, organization: forSubject(name) })
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.reminders.title', { count })}>
      <Text style={{ margin: '0 0 12px' }}>{t('mail.reminders.text', { count, organization: name })}</Text>
      {lines.slice(0, mostNamed).map((line) => (
        <Line key={line.shortId} mail={mail} line={line} />
      ))}
      {count > mostNamed && (
        <Text style={small}>{t('mail.reminders.more', { count: count - mostNamed })}</Text>
      )}
      {sells ? (
        <MailButton href={`${PUBLIC_URL}/${slug}/billing`}>{t('mail.reminders.button')}</MailButton>
      ) : (
        <Text style={{ margin: '0 0 12px' }}>
          {t.rich('mail.reminders.write', {
            support: SUPPORT_EMAIL,
            mail: (address) => <Link href={`mailto:${SUPPORT_EMAIL}`}>{address}</Link>,
          })}
        </Text>
      )}
    </MailLayout>,
  )
  return { subject, ...rendered }
}

function Line({ mail, line }: { mail: RemindersMail; line: ReminderLine }) {
  const { language, timeZone } = mail
  const t = translator(language)
  const { product, instance, url, shortId, termEndsAt, keyExpiresAt } = line
  return (
    <>
      <Text style={{ margin: 0 }}>
        <b>{t('mail.reminders.what', { product, instance: instance ?? t('billing.everywhere') })}</b>
      </Text>
      {url && <Text style={{ ...small, margin: 0 }}>{url}</Text>}
      <Text style={small}>
        {t('mail.reminders.line', {
          shortId,
          until: lastDay(termEndsAt, language, timeZone),
          works: lastDay(keyExpiresAt, language, timeZone),
          price: priceOf(mail, line),
        })}
      </Text>
    </>
  )
}

/** What the next term costs, with whether VAT is in it; what cannot be paid in the portal is asked for. */
function priceOf(
  { currency, language, sells, timeZone }: RemindersMail,
  { price, verdict, automatic, termEndsAt }: ReminderLine,
): string {
  const t = translator(language)
  if (automatic?.startedAt) {
    const facts = {
      amount: money(automatic.amount, automatic.currency, language),
      tax: t(`billing.tax.${price?.taxBehavior ?? 'exclusive'}`),
    }
    if (automatic.failedAt) return t('mail.reminders.automatic_failed', facts)
    return t('mail.reminders.automatic', { ...facts, date: firstDay(termEndsAt, language, timeZone) })
  }
  if (!price || (sells && !verdict.ok))
    return t('mail.reminders.on_request', { support: env().SUPPORT_EMAIL })
  return t('mail.reminders.price', {
    amount: money(price.amount, currency, language),
    tax: t(`billing.tax.${price.taxBehavior}`),
    months: price.months,
  })
}
