import type { Language } from './translator'

/** Currencies without a smaller unit, and with one of a thousandth, as Stripe counts them: https://docs.stripe.com/currencies */
const whole = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '))
const thousandths = new Set(['bhd', 'jod', 'kwd', 'omr', 'tnd'])

const digitsOf = (currency: string) => (whole.has(currency) ? 0 : thousandths.has(currency) ? 3 : 2)

/**
 * An amount for people: "€290.00", "290,00 €". Never broken.
 * @param amount in the currency's smallest unit
 * @param currency by ISO 4217, in lower case
 */
export function money(amount: number, currency: string, language: Language): string {
  const digits = digitsOf(currency)
  const format = new Intl.NumberFormat(language === 'en' ? 'en-GB' : 'fr-FR', {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
  return format.format(amount / 10 ** digits).replace(/ /g, '\u00a0')
}
