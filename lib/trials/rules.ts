import { daysBetween, later, startOfDay } from '@/lib/organizations/calendar'

/** A trial that the organization has had of a product, wherever that was. */
export interface TrialBefore {
  keyId: string
  shortId: string
  endsAt: Date
  /** Null: the whole organization's. */
  instance: string | null
  /** On this very GLPI: the same instance, one with an address or the installation ID of this one. */
  here: boolean
  /** A revocation that was not undone. */
  revoked: boolean
}

/** What the place has already of the product, or of a suite with it: a key that is no trial's, and was not taken back. */
export interface Owned {
  keyId: string
  shortId: string
  /** The product of the key. */
  product: string
  /** Null: it never ends. */
  endsAt: Date | null
}

/** Where a trial would run. */
export interface TrialPlace {
  /** The instance is no longer in use. */
  retired: boolean
  /** The production instance, still in use, whose test copy it is. */
  copyOf: { id: string; label: string } | null
}

/** What a trial is decided from: of a product, for an instance or (`place` is null) the whole organization. */
export interface TrialFacts {
  openSource: boolean
  withdrawn: boolean
  /** Null: it cannot be tried. */
  trialDays: number | null
  /** Its keys are the whole organization's. */
  everywhere: boolean
  place: TrialPlace | null
  tried: readonly TrialBefore[]
  /** Of the product itself, then of suites with it. */
  owned: Owned | null
  inSuite: Owned | null
}

export type TrialVerdict =
  | { ok: true; days: number; endsAt: Date }
  | { ok: false; because: 'open_source' | 'withdrawn' | 'no_trial' | 'retired' }
  | { ok: false; because: 'needs_instance' | 'needs_no_instance' }
  | { ok: false; because: 'tried_here' | 'tried_before'; trial: TrialBefore }
  | { ok: false; because: 'owned' | 'lapsed' | 'in_a_suite'; has: Owned }
  | { ok: false; because: 'test_copy'; of: { id: string; label: string } }

/**
 * Whether a product can be tried now (DESIGN §2, rule 7): the page and the command ask this, and the database decides between
 * two at the same moment. What runs is not asked: a trial goes on when trials of its product are turned off, when it is
 * withdrawn, and when its instance is retired. A test copy is tried with the key of its production instance (rule 3).
 * @param timeZone the organization's, in which the trial ends at midnight
 */
export function mayTry(facts: TrialFacts, now: Date, timeZone: string): TrialVerdict {
  const { place, owned, inSuite, tried, trialDays } = facts
  if (facts.openSource) return { ok: false, because: 'open_source' }
  if (facts.everywhere && place) return { ok: false, because: 'needs_no_instance' }
  if (!facts.everywhere && !place) return { ok: false, because: 'needs_instance' }
  if (owned && !isOver(owned, now)) return { ok: false, because: 'owned', has: owned }
  if (inSuite && !isOver(inSuite, now)) return { ok: false, because: 'in_a_suite', has: inSuite }
  const here = tried.find((one) => one.here)
  if (here) return { ok: false, because: 'tried_here', trial: here }
  if (tried[0]) return { ok: false, because: 'tried_before', trial: tried[0] }
  if (facts.withdrawn) return { ok: false, because: 'withdrawn' }
  if (trialDays === null) return { ok: false, because: 'no_trial' }
  if (place?.retired) return { ok: false, because: 'retired' }
  if (place?.copyOf) return { ok: false, because: 'test_copy', of: place.copyOf }
  if (owned) return { ok: false, because: 'lapsed', has: owned }
  return { ok: true, days: trialDays, endsAt: trialEnd(trialDays, now, timeZone) }
}

export type TryAgainVerdict =
  | TrialVerdict
  | { ok: false; because: 'not_tried' }
  | { ok: false; because: 'trial_runs'; trial: TrialBefore }

/**
 * Whether a further trial of a product can be asked for, and granted by an account manager: that it was tried stands no longer in
 * its way, and all else does. Of one that runs more time is asked for.
 */
export function mayTryAgain(facts: TrialFacts, now: Date, timeZone: string): TryAgainVerdict {
  const verdict = mayTry({ ...facts, tried: [] }, now, timeZone)
  if (!verdict.ok) return verdict
  const runs = facts.tried.find(({ revoked, endsAt }) => !revoked && endsAt > now)
  if (runs) return { ok: false, because: 'trial_runs', trial: runs }
  return facts.tried.length > 0 ? verdict : { ok: false, because: 'not_tried' }
}

const isOver = ({ endsAt }: Owned, now: Date) => endsAt !== null && endsAt <= now

/** A trial begins within a day, and that day is given on top: it works for so many whole days and ends at midnight. */
export const trialEnd = (days: number, now: Date, timeZone: string): Date =>
  later(startOfDay(now, timeZone), timeZone, { days: days + 1 })

export type TrialStanding = 'runs' | 'converted' | 'revoked' | 'ran'

/** What has become of a trial. `converted`: a bought key takes its place, also while the trial's own goes on. */
export function trialStanding(
  trial: { endsAt: Date; revoked: boolean; renewedAt: Date | null },
  now: Date,
): TrialStanding {
  if (trial.renewedAt) return 'converted'
  if (trial.revoked) return 'revoked'
  return trial.endsAt > now ? 'runs' : 'ran'
}

/** What more time of a trial is decided from. */
export interface MoreTimeFacts {
  endsAt: Date
  revoked: boolean
  renewedAt: Date | null
  /** Its instance is no longer in use. */
  retired: boolean
  /** Its end was moved before, by whomever. */
  extended: boolean
  /** Of its product as it is today. Null: it cannot be tried any more. */
  trialDays: number | null
  moreTrialDays: number
}

/** Days after its end in which a trial is taken up again by more time. */
export const moreTimeAfterDays = 7

type NoMoreTime = 'trial_bought' | 'trial_revoked' | 'trial_retired' | 'trial_over'
export type MoreTimeVerdict =
  | { ok: true; days: number; endsAt: Date }
  | { ok: false; because: NoMoreTime | 'extended_before' | 'time_is_asked' }

/**
 * Whether a trial can be made longer without asking anybody: once, for as long again or the fewer days that its product allows.
 * @param timeZone the organization's, in which it then ends at midnight
 */
export function mayExtendTrial(trial: MoreTimeFacts, now: Date, timeZone: string): MoreTimeVerdict {
  const never = noMoreTime(trial, now, timeZone)
  if (never) return { ok: false, because: never }
  if (trial.extended) return { ok: false, because: 'extended_before' }
  const days = Math.min(trial.trialDays ?? 0, trial.moreTrialDays)
  if (days === 0) return { ok: false, because: 'time_is_asked' }
  return { ok: true, days, endsAt: extendedEnd(trial.endsAt, days, now, timeZone) }
}

export type AskTimeVerdict = { ok: true } | { ok: false; because: NoMoreTime | 'extend_first' }

/** Whether an account manager is asked for more time of a trial: once nobody can take it without asking. */
export function mayAskForTime(trial: MoreTimeFacts, now: Date, timeZone: string): AskTimeVerdict {
  const verdict = mayExtendTrial(trial, now, timeZone)
  if (verdict.ok) return { ok: false, because: 'extend_first' }
  const { because } = verdict
  return because === 'extended_before' || because === 'time_is_asked' ? { ok: true } : { ok: false, because }
}

function noMoreTime(trial: MoreTimeFacts, now: Date, timeZone: string): NoMoreTime | null {
  if (trial.renewedAt) return 'trial_bought'
  if (trial.revoked) return 'trial_revoked'
  if (trial.retired) return 'trial_retired'
  return daysBetween(trial.endsAt, now, timeZone) > moreTimeAfterDays ? 'trial_over' : null
}

/** So many days on: from its end while it runs, and once it is over from today, the rest of which is given on top. */
export const extendedEnd = (endsAt: Date, days: number, now: Date, timeZone: string): Date =>
  endsAt > now ? later(endsAt, timeZone, { days }) : trialEnd(days, now, timeZone)

/** Days that are left of a trial when it is told by mail; 0: it has ended. */
export const trialMarks = [7, 1, 0] as const
export type TrialMark = (typeof trialMarks)[number]

/** Days after the end of a trial in which that is still told. */
export const toldAfterDays = 7

/**
 * Of which mark a trial that nobody has bought is to be told now: of the last one that was reached, so that days without a worker
 * are made up for by one mail. The end itself is told once it is there, not on the morning before.
 */
export function trialMarkDue(
  { startsAt, endsAt }: { startsAt: Date; endsAt: Date },
  now: Date,
  timeZone: string,
): TrialMark | null {
  // Days that follow on this one: on the last day none.
  const leftFrom = (day: Date) => daysBetween(day, endsAt, timeZone) - 1
  if (endsAt <= now) return leftFrom(now) >= -1 - toldAfterDays ? 0 : null
  const mark = trialMarks.findLast((one) => one > 0 && leftFrom(now) <= one)
  return mark !== undefined && leftFrom(startsAt) > mark ? mark : null
}

/** What follows from a sign-up whose address is confirmed is decided from. */
export interface SignUpFacts {
  worksForVendor: boolean
  /** The organization that they belong to already. */
  memberOf: string | null
  /** The organization that their mail domain belongs to; never of a domain that anybody may have an address at. */
  ofDomain: string | null
}

export type SignUpVerdict =
  | { outcome: 'staff' | 'own'; organizationId: null }
  | { outcome: 'member' | 'joins'; organizationId: string }

/** Where a sign-up leads: nobody gets a second organization, and a domain none beside the one that has it. */
export function signUpOutcome({ worksForVendor, memberOf, ofDomain }: SignUpFacts): SignUpVerdict {
  if (worksForVendor) return { outcome: 'staff', organizationId: null }
  if (memberOf) return { outcome: 'member', organizationId: memberOf }
  if (ofDomain) return { outcome: 'joins', organizationId: ofDomain }
  return { outcome: 'own', organizationId: null }
}

/** How many sign-ups of one network begin at once within a day. */
export const mostFromNetwork = 3

/**
 * Why a trial that may begin waits for the account manager all the same: a question, not a refusal (rule 7). `known_elsewhere`: its
 * GLPI is one that another organization has, by address or installation ID.
 */
export type TrialDoubt = 'known_elsewhere' | 'many_from_network'

/** @param earlier sign-ups of its network that were confirmed within a day before it */
export const networkDoubt = (earlier: number): TrialDoubt | null =>
  earlier >= mostFromNetwork ? 'many_from_network' : null
