import { daysLeft, firstDay, lastDay } from '@/lib/messages/dates'
import { money } from '@/lib/messages/money'
import { type Invoiced, sumWords } from '@/lib/messages/sum-words'
import { type Language, translator } from '@/lib/messages/translator'

/** What a mail says of a subscription's last term. */
export interface TermFacts {
  shortId: string
  termEndsAt: Date
  keyExpiresAt: Date
  price: { taxBehavior: 'inclusive' | 'exclusive' } | null
  automatic: {
    amount: number
    currency: string
    startedAt: Date | null
    failedAt: Date | null
    invoiced: Invoiced | null
  } | null
}

/** In which language, in the time zone of the organization, at which moment. */
export interface Telling {
  language: Language
  timeZone: string
  at: Date
}

type TermState = 'soon' | 'works' | 'over'

/** `works`: what is paid has ended, and the key goes on. */
export const termState = (
  { termEndsAt, keyExpiresAt }: Pick<TermFacts, 'termEndsAt' | 'keyExpiresAt'>,
  at: Date,
): TermState => (keyExpiresAt <= at ? 'over' : termEndsAt <= at ? 'works' : 'soon')

/** Until when it is paid and the key works, or did. */
export function termText(term: TermFacts, { language, timeZone, at }: Telling): string {
  const { shortId, termEndsAt, keyExpiresAt } = term
  return translator(language)('mail.term.until', {
    state: termState(term, at),
    shortId,
    until: lastDay(termEndsAt, language, timeZone),
    days: daysLeft(termEndsAt, at, timeZone),
    works: lastDay(keyExpiresAt, language, timeZone),
  })
}

/** Whether it renews by itself, which is said also where it does not. */
export function renewsText({ automatic, price, termEndsAt }: TermFacts, telling: Telling): string {
  const { language, timeZone, at } = telling
  const t = translator(language)
  if (!automatic?.startedAt) return t('mail.term.by_hand', { begun: automatic ? 'yes' : 'no' })
  const taxBehavior = price?.taxBehavior ?? 'exclusive'
  if (automatic.failedAt) {
    const sum = sumWords({ ...automatic, taxBehavior }, { t, language })
    return t('mail.term.automatic_failed', { sum })
  }
  const facts = {
    amount: money(automatic.amount, automatic.currency, language),
    tax: t(`billing.tax.${taxBehavior}`),
  }
  if (termEndsAt <= at) return t('mail.term.charging', facts)
  return t('mail.term.automatic', { ...facts, date: firstDay(termEndsAt, language, timeZone) })
}
