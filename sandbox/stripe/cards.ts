/** What Stripe's documented test cards and accounts do (https://docs.stripe.com/testing). */
export interface TestCard {
  brand: string
  /** How a charge is declined. */
  declined?: { code: string; decline_code?: string; message: string }
  /** Attached without a word, declined when it is charged. */
  attaches?: boolean
  /** When the bank asks the person: always, or only until the card was set up for later payments. */
  authenticate?: 'always' | 'unless_set_up'
  disputed?: boolean
}

const insufficient = {
  code: 'card_declined',
  decline_code: 'insufficient_funds',
  message: 'Your card has insufficient funds.',
}
const generic = {
  code: 'card_declined',
  decline_code: 'generic_decline',
  message: 'Your card was declined.',
}
const expired = { code: 'expired_card', message: 'Your card has expired.' }
const wrongCode = { code: 'incorrect_cvc', message: "Your card's security code is incorrect." }
const processing = {
  code: 'processing_error',
  message: 'An error occurred while processing your card. Try again in a little bit.',
}

const cards: Record<string, TestCard> = {
  '4242424242424242': { brand: 'visa' },
  '5555555555554444': { brand: 'mastercard' },
  '378282246310005': { brand: 'amex' },
  '4000002500001001': { brand: 'cartes_bancaires' },
  '4000000000000002': { brand: 'visa', declined: generic },
  '4000000000009995': { brand: 'visa', declined: insufficient },
  '4000000000000069': { brand: 'visa', declined: expired },
  '4000000000000127': { brand: 'visa', declined: wrongCode },
  '4000000000000119': { brand: 'visa', declined: processing },
  '4000000000000341': { brand: 'visa', declined: generic, attaches: true },
  '4000002500003155': { brand: 'visa', authenticate: 'unless_set_up' },
  '4000002760003184': { brand: 'visa', authenticate: 'always' },
  '4000000000003220': { brand: 'visa', authenticate: 'always' },
  '4000008400001629': { brand: 'visa', authenticate: 'always', declined: generic },
  '4000000000000259': { brand: 'visa', disputed: true },
}

/** The payment methods that Stripe has ready for tests, by the card that each is. */
export const readyMade: Record<string, string> = {
  pm_card_visa: '4242424242424242',
  pm_card_mastercard: '5555555555554444',
  pm_card_chargeDeclined: '4000000000000002',
  pm_card_chargeDeclinedInsufficientFunds: '4000000000009995',
  pm_card_visa_chargeDeclinedInsufficientFunds: '4000000000009995',
  pm_card_chargeDeclinedExpiredCard: '4000000000000069',
  pm_card_chargeDeclinedIncorrectCvc: '4000000000000127',
  pm_card_chargeDeclinedProcessingError: '4000000000000119',
  pm_card_chargeCustomerFail: '4000000000000341',
  pm_card_authenticationRequiredOnSetup: '4000002500003155',
  pm_card_authenticationRequired: '4000002760003184',
  pm_card_threeDSecure2Required: '4000000000003220',
  pm_card_createDispute: '4000000000000259',
}

export const cardAt = (number: string): TestCard | undefined => cards[number]

/** A bank account for SEPA Direct Debit: the money comes, or does not, after a while. */
export interface TestAccount {
  succeeds: boolean
  /** Seconds. */
  after: number
  disputed?: boolean
}

const threeMinutes = 180

/** By what follows the country: Stripe has each of them in several countries. */
const accounts: [end: RegExp, account: TestAccount][] = [
  [
    /^(?:AT611904300234573201|DE89370400440532013000|FR1420041010050500013M02606)$/,
    { succeeds: true, after: 0 },
  ],
  [
    /^(?:AT321904300235473204|DE08370400440532013003|FR3020041010050500013M02609)$/,
    { succeeds: true, after: threeMinutes },
  ],
  [
    /^(?:AT861904300235473202|DE62370400440532013001|FR8420041010050500013M02607)$/,
    { succeeds: false, after: 0 },
  ],
  [
    /^(?:AT051904300235473205|DE78370400440532013004|FR7920041010050500013M02600)$/,
    { succeeds: false, after: threeMinutes },
  ],
  [
    /^(?:AT591904300235473203|DE35370400440532013002|FR5720041010050500013M02608)$/,
    { succeeds: true, after: 0, disputed: true },
  ],
]

export const accountAt = (iban: string): TestAccount | undefined =>
  accounts.find(([form]) => form.test(iban))?.[1]
