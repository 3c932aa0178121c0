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
  /** The Checkout in which somebody is paying it now. */
  openCheckoutId: string | null
}

export type PayVerdict =
  | { ok: true; amount: number }
  | { ok: false; because: 'withdrawn' | 'retired' | 'no_price' | 'paid_ahead' }
  | { ok: false; because: 'being_paid'; checkoutId: string }

/** Whether the next term of a subscription can be paid now: the button, the page and the command ask this. */
export function mayPay(facts: PayableFacts, now: Date): PayVerdict {
  if (facts.openCheckoutId) return { ok: false, because: 'being_paid', checkoutId: facts.openCheckoutId }
  if (facts.withdrawn) return { ok: false, because: 'withdrawn' }
  if (facts.retired) return { ok: false, because: 'retired' }
  if (facts.lastStartsAt > now) return { ok: false, because: 'paid_ahead' }
  if (facts.amount === null) return { ok: false, because: 'no_price' }
  return { ok: true, amount: facts.amount }
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

export type CheckoutEnd = 'paid' | 'expired' | 'given_up' | 'failed' | 'not_created'
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

/** What an event of Stripe is about: that is asked for again, and the answer is what counts. */
export const eventSubjects = {
  // https://docs.stripe.com/payments/checkout/fulfill-orders
  'checkout.session.completed': 'checkout',
  'checkout.session.expired': 'checkout',
  'checkout.session.async_payment_succeeded': 'checkout',
  'checkout.session.async_payment_failed': 'checkout',
} as const satisfies Record<string, 'checkout'>

export type EventSubject = (typeof eventSubjects)[keyof typeof eventSubjects]

/** @returns undefined for a type that has no effect here */
export function subjectOf(type: string): EventSubject | undefined {
  return Object.entries(eventSubjects).find(([name]) => name === type)?.[1]
}
