import { firstDay, lastDay } from '@/lib/messages/dates'
import { type Language, translator } from '@/lib/messages/translator'

interface Paid {
  product: string
  /** Null for the whole organization. */
  instance: string | null
  /** Of the key that is renewed; null where it is bought anew. */
  shortId: string | null
  startsAt: Date
  endsAt: Date
}

/**
 * What a line of an invoice says: product, instance, short ID and the days that are paid for.
 * @returns at most 250 characters, Stripe's limit of a product's name, from which a Checkout's line has its own
 */
export function lineName(line: Paid, language: Language, timeZone: string): string {
  const t = translator(language)
  const most = 250
  const facts = {
    product: line.product,
    shortId: line.shortId ?? 'none',
    first: firstDay(line.startsAt, language, timeZone),
    last: lastDay(line.endsAt, language, timeZone),
  }
  const whole = t('billing.line', { ...facts, instance: line.instance ?? t('billing.everywhere') })
  if (whole.length <= most) return whole
  const instance = `${(line.instance ?? '').slice(0, most - whole.length - 1)}…`
  return t('billing.line', { ...facts, instance }).slice(0, most)
}
