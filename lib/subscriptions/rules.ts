import { daysBetween, later, startOfDay } from '@/lib/organizations/calendar'

export interface Span {
  startsAt: Date
  endsAt: Date
}

/**
 * Until when a subscription is paid by its last term, and the key good. Where the money of that has gone back nothing of it
 * counts: it ended where it had begun.
 * @param last its `begun` is when the first term of the subscription began
 */
export function paidUntil(last: { begun: Date; endsAt: Date; keyExpiresAt: Date; refundedAt: Date | null }): {
  termEndsAt: Date
  keyExpiresAt: Date
} {
  if (last.refundedAt) return { termEndsAt: last.begun, keyExpiresAt: last.begun }
  return { termEndsAt: last.endsAt, keyExpiresAt: last.keyExpiresAt }
}

/**
 * The next term of a subscription and the end of its key (DESIGN §2, rule 2). Renewing early costs no day and renewing
 * late wins none: the term begins where the last one ended, also within the overlap. Only a lapsed subscription, whose
 * last key has expired, begins anew that day.
 *
 * @param last the last term and its key's end; null for the first term.
 * @param length of the term, in months.
 * @param overlapDays days that the key outlives its term.
 */
export function nextTerm(
  last: { termEndsAt: Date; keyExpiresAt: Date } | null,
  length: number,
  overlapDays: number,
  timeZone: string,
  now: Date,
): Span & { keyExpiresAt: Date } {
  const lapsed = !last || last.keyExpiresAt <= now
  const today = startOfDay(now, timeZone)
  // The organization may have moved to a time zone in which today began before the last term was over.
  // Stryker disable next-line EqualityOperator: where the two are equal, either is the same moment
  const startsAt = last && (!lapsed || last.termEndsAt > today) ? last.termEndsAt : today
  const endsAt = later(startsAt, timeZone, { months: length })
  return { startsAt, endsAt, keyExpiresAt: later(endsAt, timeZone, { days: overlapDays }) }
}

/**
 * From when the key of a term works (DESIGN §2, rules 2 and 9): at once, as long as all the time until its term begins is
 * paid; where the money for some of that has gone back, from its own term only.
 * @param paid the terms of the subscription that count
 */
export function worksFrom(issuedAt: Date, termStartsAt: Date, paid: readonly Span[]): Date {
  let until = issuedAt
  for (const { startsAt, endsAt } of paid.toSorted((a, b) => a.startsAt.getTime() - b.startsAt.getTime()))
    if (startsAt <= until && endsAt > until) until = endsAt
  return until >= termStartsAt ? issuedAt : termStartsAt
}

/** Months of the longest term there is. */
export const longestTerm = 60

/** Months of a term that an account manager issues alone, without a payment (docs/decisions/0006). */
export const mostMonths = 36

export type TermVerdict = { ok: true } | { ok: false; because: 'needs_admin_months'; months: number }

/** A longer one takes an admin, so that nobody gives away for good what no second person has looked at. */
export function mayIssueTerm(role: string, months: number): TermVerdict {
  if (role !== 'manager' || months <= mostMonths) return { ok: true }
  return { ok: false, because: 'needs_admin_months', months: mostMonths }
}

/** The lengths that a form offers to somebody, in months. */
export function lengthsFor(role: string): number[] {
  return [1, 3, 6, 12, 24, mostMonths, 48, longestTerm].filter((months) => mayIssueTerm(role, months).ok)
}

/** Days before the end of what is paid on which it is told by mail. */
export const reminderMarks = [60, 30, 14, 7, 1] as const
export type ReminderMark = (typeof reminderMarks)[number]

export interface RemindedTerm {
  /** When it was paid. */
  createdAt: Date
  endsAt: Date
  keyExpiresAt: Date
  /** Of which marks it was told already. */
  told: readonly number[]
}

/**
 * Of which mark a term that nothing has renewed is to be told today, in the organization's calendar: of the last one that was
 * reached, and never of one before it, so that days without a worker are made up for by one mail. The days are those until the
 * last whole one, as mails say them. After the end it is told as long as the key works, and to nobody who had paid within the
 * mark.
 */
export function markDue(
  { createdAt, endsAt, keyExpiresAt, told }: RemindedTerm,
  now: Date,
  timeZone: string,
): ReminderMark | null {
  if (keyExpiresAt <= now) return null
  const left = daysBetween(now, endsAt, timeZone) - 1
  const mark = reminderMarks.findLast((one) => left <= one)
  if (mark === undefined || told.some((one) => one <= mark)) return null
  return daysBetween(createdAt, endsAt, timeZone) - 1 > mark ? mark : null
}

export type WayStep =
  | 'paid'
  | 'issued'
  | 'mailed'
  | 'seen'
  | 'old_unused'
  | 'file_fetched'
  | 'refunded'
  | 'disputed'

/** That a payment has gone back: refunded, or lost in a dispute. */
export interface Returned {
  reason: 'refunded' | 'disputed'
  at: Date
}

/** What is known of the way of a renewal. Null: not yet. */
export interface WayFacts {
  /** Null where the term was not paid in the portal; of that no mail tells. */
  paidAt: Date | null
  issuedAt: Date
  mailedAt: Date | null
  firstSeenAt: Date | null
  /** Its GLPI reaches no portal, and uses files. */
  offline: boolean
  fileFetchedAt: Date | null
  /** A plugin that is in use has not changed over to it, whatever GLPI's own box has. */
  pluginsWait: boolean
  /** When a GLPI called last with the old key. */
  oldCalledAt: Date | null
  /** When the old key stops working, or stopped. */
  oldStopsAt: Date | null
  /** Null: its payment stands. */
  returned: Returned | null
}

/** Hours without a call after which a key is no longer used: a GLPI calls daily. */
const unusedHours = 48

/**
 * The steps from the payment to the new key in GLPI, each with its time; where that is null, it is still to come. Of a renewal
 * whose money went back nothing is: what was done stands, and what ended it; the old key may be in use again.
 */
export function wayOf(facts: WayFacts, now: Date): { step: WayStep; at: Date | null }[] {
  const steps = stepsOf(facts, now)
  const { returned } = facts
  if (!returned) return steps
  const done = steps.filter(({ step, at }) => at && step !== 'old_unused')
  return [...done, { step: returned.reason, at: returned.at }]
}

function stepsOf(facts: WayFacts, now: Date): { step: WayStep; at: Date | null }[] {
  const { paidAt, issuedAt, mailedAt, firstSeenAt, offline, fileFetchedAt } = facts
  return [
    ...(paidAt ? [{ step: 'paid' as const, at: paidAt }] : []),
    { step: 'issued', at: issuedAt },
    ...(paidAt ? [{ step: 'mailed' as const, at: mailedAt }] : []),
    // Whoever reaches no portal is never seen with a key.
    ...(offline
      ? [{ step: 'file_fetched' as const, at: fileFetchedAt }]
      : [
          { step: 'seen' as const, at: firstSeenAt },
          { step: 'old_unused' as const, at: oldUnusedSince(facts, now) },
        ]),
  ]
}

function oldUnusedSince(facts: WayFacts, now: Date): Date | null {
  const { firstSeenAt, pluginsWait, oldCalledAt, oldStopsAt } = facts
  const stopped = oldStopsAt && oldStopsAt <= now ? oldStopsAt : null
  if (!firstSeenAt || pluginsWait) return stopped
  if (!oldCalledAt || oldCalledAt <= firstSeenAt) return firstSeenAt
  const quiet = now.getTime() - oldCalledAt.getTime() >= unusedHours * 3_600_000
  return quiet ? oldCalledAt : stopped
}

/**
 * How far a new key has come in one place: to be pasted there, waiting to be fetched, fetched, or used. `one_fetched`: one of
 * several plugins that share an activation was given it, and it is not known which.
 */
export type PickUp = 'uses' | 'uses_now' | 'fetched' | 'one_fetched' | 'not_yet' | 'to_paste'

/**
 * GLPI's own box fetches nothing, nor does a plugin that has never shown its activation's secret, or of a product that hands
 * no key over: there somebody pastes it. Of a suite's plugins, which share an activation, only the one that
 * holds its secret does: once one of them has taken the new key over, it is pasted into the others.
 * @param place its `fetches`: whether it is a plugin that would be given the key; its `shared`: null where one plugin alone has the activation; else whether one of them uses the new key
 */
export function pickUpOf(place: {
  fetches: boolean
  fetchedAt: Date | null
  usesAt: Date | null
  shared?: { taken: boolean } | null
}): PickUp {
  const { fetches, fetchedAt, usesAt, shared } = place
  // When each of several came to use it is not kept.
  if (usesAt) return shared ? 'uses_now' : 'uses'
  if (shared?.taken) return 'to_paste'
  if (!fetchedAt) return fetches ? 'not_yet' : 'to_paste'
  return shared ? 'one_fetched' : 'fetched'
}

/**
 * The first days ahead that nobody has paid while later ones are: what a term leaves whose money went back. Null: none.
 * @param begun when the first term began, whether or not it counts
 * @param paid the terms of the subscription that count
 */
export function gapAhead(begun: Date, paid: readonly Span[], now: Date): Span | null {
  let until = begun
  for (const { startsAt, endsAt } of paid.toSorted((a, b) => a.startsAt.getTime() - b.startsAt.getTime())) {
    if (startsAt > until && startsAt > now) return { startsAt: until, endsAt: startsAt }
    if (endsAt > until) until = endsAt
  }
  return null
}
