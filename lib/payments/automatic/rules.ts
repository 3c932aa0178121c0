/** What is decided from whether a subscription can renew by itself. */
export interface AutomaticFacts {
  /** The product is no longer sold. */
  withdrawn: boolean
  /** Its instance is no longer in use. */
  retired: boolean
  /** Why its key was revoked, which no charge changes; null where it was not. */
  revoked: string | null
  /** What a term costs in the organization's currency; null where it has no price in it. */
  amount: number | null
  /** Until when it is paid: the first charge lies there. */
  termEndsAt: Date
}

export type AutomaticVerdict =
  | { ok: true; amount: number; chargesAt: Date }
  | { ok: false; because: 'withdrawn' | 'retired' | 'no_price' | 'over' }
  | { ok: false; because: 'revoked'; reason: string }

const hour = 3_600_000
const day = 24 * hour

/** Whoever gives a card first takes a while, and Stripe takes no moment that has gone by. */
const shortest = 2 * hour

/** Whether a subscription can be made to renew by itself: the button, the page and the command ask this. */
export function mayRenewByItself(facts: AutomaticFacts, now: Date): AutomaticVerdict {
  if (facts.withdrawn) return { ok: false, because: 'withdrawn' }
  if (facts.retired) return { ok: false, because: 'retired' }
  if (facts.revoked) return { ok: false, because: 'revoked', reason: facts.revoked }
  if (facts.amount === null) return { ok: false, because: 'no_price' }
  // Nothing is charged on the spot: what has ended is renewed first.
  if (facts.termEndsAt.getTime() - now.getTime() < shortest) return { ok: false, because: 'over' }
  return { ok: true, amount: facts.amount, chargesAt: facts.termEndsAt }
}

/** Stripe's most is two years: https://docs.stripe.com/api/subscriptions/update#update_subscription-trial_end */
const longest = 700 * day

/**
 * What Stripe is told of the first charge: the end of what is paid, and where that is farther away than it takes, a day before
 * then, which the nightly look moves on.
 */
export function trialEndFor(paidUntil: Date, now: Date): Date {
  const most = Math.floor((now.getTime() + longest) / day) * day
  return new Date(Math.min(paidUntil.getTime(), most))
}

/**
 * Hours before a charge in which a Checkout is begun no more: it may be open for a day, and then both would be paid.
 * https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-expires_at
 */
export const hoursBeforeCharge = 25

/** Whether it charges so soon, or did a moment ago, that nobody should begin to pay the same by hand. */
export const isAboutToCharge = (chargesAt: Date | null, now: Date) =>
  chargesAt !== null && chargesAt.getTime() - now.getTime() <= hoursBeforeCharge * hour

export interface AlignFacts {
  withdrawn: boolean
  retired: boolean
  /** Its key was revoked. */
  revoked: boolean
  /** A dispute has taken back what was paid last, since it was switched on: the bank would take the next charge back as well. */
  disputed: boolean
  /** Until when it is paid. */
  termEndsAt: Date
  /** Of the last term the money has gone back. */
  refunded: boolean
  /** When the term ends that somebody is paying by hand, where that money is on its way. */
  onItsWayUntil: Date | null
  /** When Stripe would charge next. */
  chargesAt: Date
  /** An invoice that Stripe is charging now, and when its term begins. */
  charging: { from: Date } | null
}

export type AlignVerdict =
  | { do: 'nothing' }
  | { do: 'move'; to: Date; void: boolean }
  | { do: 'end'; because: 'withdrawn' | 'retired' | 'revoked' | 'disputed' | 'refunded' | 'not_charged' }

/**
 * How the next charge comes to lie at the end of what is paid. It never comes at once: where that end has gone by, the automatic
 * renewal has ended, and members are told.
 */
export function alignment(facts: AlignFacts, now: Date): AlignVerdict {
  const { charging, chargesAt } = facts
  if (facts.withdrawn) return { do: 'end', because: 'withdrawn' }
  if (facts.retired) return { do: 'end', because: 'retired' }
  // Also while it is charged: nobody pays for a key that was taken away.
  if (facts.revoked) return { do: 'end', because: 'revoked' }
  if (facts.disputed) return { do: 'end', because: 'disputed' }
  const paidUntil = later(facts.termEndsAt, facts.onItsWayUntil)
  if (charging && paidUntil <= charging.from) return { do: 'nothing' }
  const to = trialEndFor(paidUntil, now)
  if (to.getTime() === chargesAt.getTime()) return { do: 'nothing' }
  if (to <= now) return { do: 'end', because: facts.refunded ? 'refunded' : 'not_charged' }
  return { do: 'move', to, void: charging !== null }
}

const later = (one: Date, other: Date | null) => (other && other > one ? other : one)
