import { money } from './money'
import type { Language, Translate } from './translator'

/** What an invoice asks for, in the smallest unit. */
export interface Invoiced {
  /** With tax. */
  total: number
  /** Of it. */
  tax: number
  reverseCharge: boolean
}

interface Sum {
  /** Of the price, in the smallest unit. */
  amount: number
  /** ISO 4217, in lower case. */
  currency: string
  taxBehavior: 'inclusive' | 'exclusive'
  /** Null until the invoice is there. */
  invoiced: Invoiced | null
}

/** What is to be paid, with the VAT in it: what the invoice asks for, as soon as it is known; before that the price. */
export function sumWords(
  { amount, currency, taxBehavior, invoiced }: Sum,
  { t, language }: { t: Translate; language: Language },
): string {
  if (!invoiced) return `${money(amount, currency, language)} ${t(`billing.tax.${taxBehavior}`)}`
  const { total, tax } = invoiced
  const vat = t('billing.vat', { how: vatOf(invoiced), tax: money(tax, currency, language) })
  return `${money(total, currency, language)} (${vat})`
}

/** What an invoice says of VAT: as Stripe computed it, whatever the price had said. */
export const vatOf = ({ tax, reverseCharge }: { tax: number; reverseCharge: boolean }) =>
  tax > 0 ? 'charged' : reverseCharge ? 'reverse' : 'none'
