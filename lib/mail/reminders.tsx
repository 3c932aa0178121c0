import { Link } from '@react-email/link'
import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { displayUrl } from '@/lib/instances/url'
import { daysLeft } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'
import { renewsText, type TermFacts, termState, termText } from './term-text'

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
  /** When it is sent. */
  at: Date
  lines: ReminderLine[]
}

interface ReminderLine extends TermFacts {
  product: string
  instance: string | null
  url: string | null
  price: { amount: number; taxBehavior: 'inclusive' | 'exclusive'; months: number } | null
  verdict: { ok: boolean }
}

const mostNamed = 50
const small = { margin: '0 0 12px', fontSize: 14 }

/**
 * How the lines stand together: `by_itself`, where nobody has to do anything; `mixed`, where some have ended and some have not.
 */
function standing({ lines, at }: RemindersMail): 'by_itself' | 'soon' | 'works' | 'over' | 'mixed' {
  const [state, ...others] = new Set(lines.map((line) => termState(line, at)))
  if (!state || others.length > 0) return 'mixed'
  const isSeenTo = lines.every(({ automatic }) => automatic?.startedAt && !automatic.failedAt)
  return state === 'soon' && isSeenTo ? 'by_itself' : state
}

/** Tells what ends soon or has ended, line by line, and where it is renewed. No key is in it. */
export async function remindersMail(mail: RemindersMail) {
  const { to, language, name, slug, lines, sells, timeZone, at } = mail
  const t = translator(language)
  const { PUBLIC_URL, SUPPORT_EMAIL } = env()
  const count = lines.length
  const state = standing(mail)
  // What renews by itself is charged on the day after the last one.
  const more = state === 'by_itself' ? 1 : 0
  const days = Math.max(...lines.map(({ termEndsAt }) => daysLeft(termEndsAt, at, timeZone) + more))
  const subject = t('mail.reminders.subject', { state, count, days, organization: forSubject(name) })
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.reminders.title', { state, count })}>
      <Text style={{ margin: '0 0 12px' }}>
        {t('mail.reminders.text', { state, count, organization: name })}
      </Text>
      {lines.slice(0, mostNamed).map((line) => (
        <Line key={line.shortId} mail={mail} line={line} />
      ))}
      {count > mostNamed && (
        <Text style={small}>{t('mail.reminders.more', { count: count - mostNamed })}</Text>
      )}
      {sells ? (
        <MailButton href={`${PUBLIC_URL}/${slug}/billing`}>
          {t(state === 'by_itself' ? 'mail.reminders.see' : 'mail.reminders.button')}
        </MailButton>
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
  const t = translator(mail.language)
  const { product, instance, url } = line
  const price = priceOf(mail, line)
  return (
    <>
      <Text style={{ margin: 0 }}>
        <b>{t('mail.reminders.what', { product, instance: instance ?? t('billing.everywhere') })}</b>
      </Text>
      {url && <Text style={{ ...small, margin: 0 }}>{displayUrl(url)}</Text>}
      <Text style={small}>
        {termText(line, mail)} {renewsText(line, mail)} {price}
      </Text>
    </>
  )
}

/** What the next term costs, with whether VAT is in it; what cannot be paid in the portal is asked for. */
function priceOf({ currency, language, sells }: RemindersMail, { price, verdict, automatic }: ReminderLine) {
  const t = translator(language)
  // Said with that it renews by itself.
  if (automatic?.startedAt) return null
  if (!price || (sells && !verdict.ok))
    return t('mail.reminders.on_request', { support: env().SUPPORT_EMAIL })
  return t('mail.reminders.price', {
    amount: money(price.amount, currency, language),
    tax: t(`billing.tax.${price.taxBehavior}`),
    months: price.months,
  })
}
