import { outlastsPayment } from '@/lib/keys/rules'

/** What a renewal by payment is decided from. */
export interface PayableFacts {
  /** The product is no longer sold. */
  withdrawn: boolean
  /** Its instance is no longer in use. */
  retired: boolean
  /** What a term costs in the organization's currency; null where it has no price in it. */
  amount: number | null
  /** When the last term begins: one that lies ahead is paid already. */
  lastStartsAt: Date
  /** Its key was revoked, though what it was issued for is paid, or owed; until when it would have worked. */
  revoked: { reason: string; keyExpiresAt: Date } | null
  /** The Checkout in which somebody is paying it now. */
  openCheckoutId: string | null
  /** It renews by itself, and is charged within a day or is being charged. */
  chargesSoon?: boolean
}

export type PayVerdict =
  | { ok: true; amount: number }
  | { ok: false; because: 'withdrawn' | 'retired' | 'no_price' | 'paid_ahead' | 'charges_soon' }
  | { ok: false; because: 'revoked'; reason: string }
  | { ok: false; because: 'being_paid'; checkoutId: string }

/** Whether the next term of a subscription can be paid now: the button, the page and the command ask this. */
export function mayPay(facts: PayableFacts, now: Date): PayVerdict {
  if (facts.openCheckoutId) return { ok: false, because: 'being_paid', checkoutId: facts.openCheckoutId }
  if (facts.withdrawn) return { ok: false, because: 'withdrawn' }
  if (facts.retired) return { ok: false, because: 'retired' }
  const { revoked } = facts
  if (revoked && outlastsPayment(revoked, now))
    return { ok: false, because: 'revoked', reason: revoked.reason }
  if (facts.lastStartsAt > now) return { ok: false, because: 'paid_ahead' }
  // Nobody is to pay twice for a term.
  if (facts.chargesSoon) return { ok: false, because: 'charges_soon' }
  if (facts.amount === null) return { ok: false, because: 'no_price' }
  return { ok: true, amount: facts.amount }
}

/** Whether what is paid ends within so many days, or has ended while its key works: what lapsed longer ago nobody asks for. */
export const isDueBy = (term: { termEndsAt: Date; keyExpiresAt: Date }, now: Date, days: number) =>
  term.termEndsAt.getTime() - now.getTime() <= days * 86_400_000 && term.keyExpiresAt > now

/**
 * In which currency something is paid. Stripe mixes none in one customer (https://docs.stripe.com/billing/customer#currency), so
 * that who has paid stays with theirs. Who has not chooses among those in which everything has a price; else euros come first.
 * @param own what the organization has paid in, or is paying in; null: it may choose
 * @param wanted what somebody has chosen
 * @param offered per product that has a price at all, the currencies
 */
export function chooseCurrency(
  own: string | null,
  wanted: string | undefined,
  offered: readonly (readonly string[])[],
): { currency: string; choices: string[] } {
  if (own) return { currency: own, choices: [own] }
  const byPreference = (all: readonly string[]) =>
    [...new Set(all)].sort((a, b) => Number(b === 'eur') - Number(a === 'eur') || a.localeCompare(b))
  const choices = byPreference(offered.flat()).filter((one) => offered.every((of) => of.includes(one)))
  if (wanted && choices.includes(wanted)) return { currency: wanted, choices }
  return { currency: choices[0] ?? byPreference(offered.flat())[0] ?? 'eur', choices }
}

/** A Checkout as Stripe has it when it is asked, in our words. */
export interface SessionFacts {
  /** The person went through it. */
  complete: boolean
  /** Stripe ended it unpaid. */
  expired: boolean
  paid: boolean
  /** A delayed payment did not come. */
  failed: boolean
}

/** `revoked`: a key that it would have renewed was. */
export type CheckoutEnd = 'paid' | 'expired' | 'given_up' | 'failed' | 'not_created' | 'revoked'
export type CheckoutState = 'open' | 'on_its_way' | CheckoutEnd

/** How a Checkout stands. `on_its_way`: the person is done, and the money is not there yet. */
export function checkoutState(checkout: {
  completedAt: Date | null
  ended: CheckoutEnd | null
}): CheckoutState {
  return checkout.ended ?? (checkout.completedAt ? 'on_its_way' : 'open')
}

/**
 * What becomes of a Checkout, whatever was known of it before: money that came is money that came, also after it was given
 * up. `null`: nothing.
 */
export function checkoutEffect(
  before: CheckoutState,
  session: SessionFacts,
): 'paid' | 'completed' | 'failed' | 'expired' | null {
  if (before === 'paid') return null
  if (session.paid) return 'paid'
  if (before !== 'open' && before !== 'on_its_way') return null
  if (session.failed) return 'failed'
  if (session.expired) return 'expired'
  return session.complete && before === 'open' ? 'completed' : null
}

/** How a Checkout that is paid now had ended before, or that its keys are `revoked`: staff are told. Null where it had not. */
export function lateAfter(before: CheckoutState, revoked: boolean): Exclude<CheckoutEnd, 'paid'> | null {
  if (revoked) return 'revoked'
  return before === 'open' || before === 'on_its_way' || before === 'paid' ? null : before
}

/** An invoice as it is listed. `refunded_in_part`: some of what was paid has gone back, or is credited. `charged_back`: a dispute was lost. */
export const invoiceStates = [
  'paid',
  'open',
  'overdue',
  'refunded_in_part',
  'refunded',
  'charged_back',
  'void',
  'uncollectible',
] as const
export type InvoiceState = (typeof invoiceStates)[number]

export interface InvoiceFacts extends Pick<ReturnFacts, 'amountPaid' | 'refunded'> {
  status: 'open' | 'paid' | 'uncollectible' | 'void'
  /** What lost disputes have taken. */
  lost: number
  dueAt: Date | null
}

export function invoiceState(facts: InvoiceFacts, now: Date): InvoiceState {
  const { status, amountPaid, refunded, lost, dueAt } = facts
  if (status === 'open') return dueAt && dueAt <= now ? 'overdue' : 'open'
  if (status === 'paid' && lost > 0) return 'charged_back'
  if (status !== 'paid' || refunded === 0) return status
  return refunded >= amountPaid ? 'refunded' : 'refunded_in_part'
}

/** What of an invoice's money has gone back, or is disputed, as Stripe has it. */
export interface ReturnFacts {
  amountPaid: number
  /** What has gone back to the customer, or is credited of what was paid. */
  refunded: number
  /** `tax`: what comes on top. */
  lines: readonly { id: string; amount: number; tax: number }[]
  /** Of the lines of credit notes that stand; null where one names no line of the invoice. */
  credited: readonly { lineId: string | null; amount: number }[]
  disputes: readonly { status: string; amount: number }[]
}

export interface Returned {
  /** Lines that were refunded as a whole. */
  refunded: string[]
  /** Lines that a dispute has taken back. */
  disputed: string[]
  /** What went back for no line that anybody named, in the smallest unit. */
  unnamed: number
}

/**
 * Which lines of an invoice are paid no longer. A refund is per line: by a credit note that names it as a whole, or where
 * everything has gone back. What names no line ends nothing: staff decide (`unnamed`).
 */
export function returnedOf({ amountPaid, refunded, lines, credited, disputes }: ReturnFacts): Returned {
  const all = lines.map(({ id }) => id)
  if (amountPaid > 0 && refunded >= amountPaid) return { refunded: all, disputed: [], unnamed: 0 }
  const named = lines.filter(
    ({ id, amount }) => amount > 0 && sum(credited, (one) => one.lineId === id) >= amount,
  )
  const worth = named.reduce((total, { amount, tax }) => total + amount + tax, 0)
  const unnamed = Math.max(0, refunded - worth)
  const lost = sum(disputes, ({ status }) => status === 'lost')
  const ids = named.map(({ id }) => id)
  if (lost === 0) return { refunded: ids, disputed: [], unnamed }
  if (refunded + lost < amountPaid) return { refunded: ids, disputed: [], unnamed: unnamed + lost }
  return { refunded: ids, disputed: all.filter((id) => !ids.includes(id)), unnamed: 0 }
}

function sum<One extends { amount: number }>(all: readonly One[], counts: (one: One) => boolean): number {
  return all.filter(counts).reduce((total, { amount }) => total + amount, 0)
}

/** Of which the bank has not decided yet: https://docs.stripe.com/api/disputes/object#dispute_object-status */
export const openDisputes = [
  'needs_response',
  'under_review',
  'warning_needs_response',
  'warning_under_review',
]

/**
 * What each event of Stripe is about, and what comes of it (https://docs.stripe.com/api/events/types). Whatever the event
 * says itself is not believed: what it is about is retrieved, with the invoice that it belongs to, and the answer is what
 * counts. So an event that comes twice, late or never does what the next one about the same does as well.
 */
export const eventSubjects = {
  // https://docs.stripe.com/payments/checkout/fulfill-orders
  'checkout.session.completed': {
    about: 'checkout',
    effect:
      'paid: each line gets its term and key; on its way: it is shown so, and nothing is issued; a means of payment was given: the automatic renewal is switched on',
  },
  'checkout.session.async_payment_succeeded': {
    about: 'checkout',
    effect: 'each line gets its term and key, also of a Checkout that had ended unpaid',
  },
  'checkout.session.async_payment_failed': {
    about: 'checkout',
    effect: 'it ends as failed; its lines can be paid again, and who pays is told',
  },
  'checkout.session.expired': {
    about: 'checkout',
    effect: 'it ends as expired; its lines can be paid again',
  },
  // https://docs.stripe.com/invoicing/integration/workflow-transitions
  'invoice.created': {
    about: 'invoice',
    effect: 'of an automatic renewal, while it is a draft: its line names what is charged for',
  },
  'invoice.finalized': { about: 'invoice', effect: 'it is listed' },
  'invoice.paid': {
    about: 'invoice',
    effect:
      'it is listed as paid; where its Checkout is not settled yet, that is; of an automatic renewal: one term and its key',
  },
  'invoice.payment_failed': {
    about: 'invoice',
    effect:
      'it is listed as open; keys live to their own end; of an automatic renewal: members are asked to see to it',
  },
  'invoice.overdue': { about: 'invoice', effect: 'it is listed as overdue; keys live to their own end' },
  'invoice.voided': { about: 'invoice', effect: 'it is listed as void' },
  'invoice.marked_uncollectible': { about: 'invoice', effect: 'it is listed as uncollectible' },
  // https://docs.stripe.com/refunds
  'charge.refunded': {
    about: 'charge',
    effect:
      'all of it: the terms of all lines count no longer, their keys are revoked; a part: see credit notes',
  },
  'refund.created': { about: 'refund', effect: 'as charge.refunded' },
  'refund.updated': { about: 'refund', effect: 'as charge.refunded' },
  'refund.failed': {
    about: 'refund',
    effect: 'the money is the vendor’s again: staff are asked about what it had revoked',
  },
  // https://docs.stripe.com/invoicing/integration/programmatic-credit-notes
  'credit_note.created': {
    about: 'credit_note',
    effect:
      'the terms of the lines that it credits as a whole count no longer, their keys are revoked; of the rest staff are asked',
  },
  'credit_note.updated': { about: 'credit_note', effect: 'as credit_note.created' },
  'credit_note.voided': {
    about: 'credit_note',
    effect: 'it is listed as void; staff are asked about what it had revoked',
  },
  // https://docs.stripe.com/disputes/how-disputes-work
  'charge.dispute.created': { about: 'dispute', effect: 'it is shown to staff; keys go on working' },
  'charge.dispute.updated': { about: 'dispute', effect: 'as it stands then' },
  'charge.dispute.closed': {
    about: 'dispute',
    effect:
      'lost: the terms of the invoice count no longer, their keys are revoked; won: what it had revoked is restored',
  },
  'charge.dispute.funds_withdrawn': { about: 'dispute', effect: 'as it stands then' },
  'charge.dispute.funds_reinstated': { about: 'dispute', effect: 'as it stands then' },
  // https://docs.stripe.com/billing/subscriptions/webhooks
  'customer.subscription.created': {
    about: 'subscription',
    effect: 'the automatic renewal is on, also where the answer was lost in which Stripe said so',
  },
  'customer.subscription.updated': {
    about: 'subscription',
    effect: 'when it charges next, and whether charging fails, is shown so',
  },
  'customer.subscription.paused': {
    about: 'subscription',
    effect: 'the automatic renewal has ended, here and at Stripe; members are told',
  },
  'customer.subscription.deleted': {
    about: 'subscription',
    effect: 'the automatic renewal has ended; members are told, and keys live to their own end',
  },
  'customer.updated': { about: 'customer', effect: 'none: nothing of a customer is kept but its ID' },
  'customer.deleted': {
    about: 'customer',
    effect: 'its automatic renewals have ended, and the next payment makes another customer',
  },
} as const satisfies Record<string, { about: string; effect: string }>

export type EventSubject = (typeof eventSubjects)[keyof typeof eventSubjects]['about']

/** @returns undefined for a type that has no effect here */
export function subjectOf(type: string): EventSubject | undefined {
  return Object.entries(eventSubjects).find(([name]) => name === type)?.[1].about
}
