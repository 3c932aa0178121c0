import { Link } from '@react-email/link'
import { Text } from '@react-email/text'
import { env } from '@/lib/env'
import { firstDay, lastDay, mailedMoment } from '@/lib/messages/dates'
import { type Invoiced, sumWords } from '@/lib/messages/sum-words'
import { type Language, translator } from '@/lib/messages/translator'
import { MailButton, MailLayout, renderMail } from './layout'
import { forSubject } from './subject'
import { termState } from './term-text'

/** What renews by itself, or did. */
interface Renewing {
  to: string
  language: Language
  /** The organization's name. */
  name: string
  slug: string
  /** The organization's, in which terms and keys end. */
  timeZone: string
  product: string
  instance: string | null
  shortId: string
  termEndsAt: Date
  keyExpiresAt: Date
  /** When it is sent. */
  at: Date
}

interface AutomaticEnded extends Renewing {
  endedAt: Date
  /** See `automatic_end`. */
  reason: string
  /** Who ended it; null where that was nobody of the organization. */
  who: string | null
}

const paragraph = { margin: '0 0 12px' }

/** The ends of what is paid and of the key; `over`: it works no longer. */
function endsOf({ termEndsAt, keyExpiresAt, at, language, timeZone }: Renewing) {
  return {
    state: termState({ termEndsAt, keyExpiresAt }, at),
    until: lastDay(termEndsAt, language, timeZone),
    works: lastDay(keyExpiresAt, language, timeZone),
    since: firstDay(keyExpiresAt, language, timeZone),
  }
}

const namesOf = ({ language, product, instance, shortId, name }: Renewing) => {
  const everywhere = translator(language)('billing.everywhere')
  return { product, instance: instance ?? everywhere, shortId, organization: name }
}

/** The receipt that it renews by itself no longer, with date and time. */
export async function automaticEndedMail(mail: AutomaticEnded) {
  const { to, language, slug, timeZone, endedAt, reason, who } = mail
  const t = translator(language)
  const facts = {
    ...namesOf(mail),
    date: mailedMoment(endedAt, language, timeZone),
    timeZone,
    because: t('billing.automatic.because', { reason, who: who ?? t('billing.checkout.by_somebody') }),
  }
  // Of what was refunded nothing was paid, and no day says since when its key works no longer.
  const ends = endsOf(mail)
  const state = reason === 'refunded' && ends.state === 'over' ? 'refunded' : ends.state
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.automatic_ended.title')}>
      <Text style={paragraph}>{t('mail.automatic_ended.text', facts)}</Text>
      <Text style={paragraph}>{t('mail.automatic_ended.until', { ...ends, state })}</Text>
      <MailButton href={`${env().PUBLIC_URL}/${slug}/billing`}>{t('mail.automatic_ended.button')}</MailButton>
    </MailLayout>,
  )
  return { subject: t('mail.automatic_ended.subject', { product: forSubject(mail.product) }), ...rendered }
}

interface ChargeFailed extends Renewing {
  amount: number
  currency: string
  taxBehavior: 'inclusive' | 'exclusive'
  /** What its invoice asks for. */
  invoiced: Invoiced
  /** Stripe's page of the invoice. */
  payUrl: string | null
}

/** Tells that a charge did not succeed, and what to do. */
export async function chargeFailedMail(mail: ChargeFailed) {
  const { to, language, slug, payUrl } = mail
  const t = translator(language)
  const sum = sumWords(mail, { t, language })
  const billing = `${env().PUBLIC_URL}/${slug}/billing`
  const rendered = await renderMail(
    <MailLayout language={language} to={to} title={t('mail.charge_failed.title')}>
      <Text style={paragraph}>{t('mail.charge_failed.text', { ...namesOf(mail), sum })}</Text>
      <Text style={paragraph}>{t('mail.charge_failed.do')}</Text>
      <Text style={paragraph}>{t('mail.charge_failed.until', endsOf(mail))}</Text>
      <MailButton href={payUrl ?? billing}>{t(`mail.charge_failed.${payUrl ? 'button' : 'see'}`)}</MailButton>
      {payUrl && (
        <Text style={paragraph}>
          <Link href={billing}>{t('mail.charge_failed.see')}</Link>
        </Text>
      )}
    </MailLayout>,
  )
  const subject = t('mail.charge_failed.subject', { sum, product: forSubject(mail.product) })
  return { subject, ...rendered }
}
