import { later, startOfDay } from '@/lib/organizations/calendar'
import type { Kind } from './format'

export type KeyState =
  | 'revoked'
  | 'expired'
  | 'not_started'
  | 'replaced'
  | 'renewed'
  | 'overdue'
  | 'expiring'
  | 'active'

/** In the order in which they are asked; the first that holds is the state. */
export const keyStates = [
  'revoked',
  'expired',
  'not_started',
  'replaced',
  'renewed',
  'overdue',
  'expiring',
  'active',
] as const satisfies readonly KeyState[]

export interface KeyFacts {
  /** A revocation that was not undone. */
  revoked: boolean
  /** Later than its issue only where the money for the time before its term has gone back. */
  startsAt: Date
  /** Null: never. */
  expiresAt: Date | null
  /** Null where the key belongs to no term. */
  termEndsAt: Date | null
  /** A newer key was issued for the same place. */
  renewedAt: Date | null
  /** That newer key has been seen in use. */
  replacedAt: Date | null
}

/** Days before the end in which a key counts as expiring. */
export const expiringDays = 30

/** Days for which a key that stopped working, with nothing in its place, is still something to do. */
export const stoppedDays = 90

/** The state of a key: computed from facts and the time, never stored (DESIGN §2, rule 1). */
export function stateOf(key: KeyFacts, now: Date): KeyState {
  if (key.revoked) return 'revoked'
  if (key.expiresAt && key.expiresAt <= now) return 'expired'
  if (key.startsAt > now) return 'not_started'
  if (key.replacedAt) return 'replaced'
  if (key.renewedAt) return 'renewed'
  if (key.termEndsAt && key.termEndsAt <= now) return 'overdue'
  const end = key.termEndsAt ?? key.expiresAt
  if (end && end.getTime() - now.getTime() <= expiringDays * 86_400_000) return 'expiring'
  return 'active'
}

/** Hours before the old key stops, and days after, in which a new one that no GLPI was seen with is urgent. */
export const urgentHours = 24
export const urgentDays = 7

/** Of a new key that no GLPI was seen with: what its urgency is decided from. */
export interface WaitingFacts {
  issuedAt: Date
  /** When the old key stops working, or stopped. Null: never. */
  oldStopsAt: Date | null
  /** A file for an installation that reaches no portal works: of that nothing is ever seen. */
  offline: boolean
}

/** Whether a new key has to be put into GLPI now: the old one is about to stop, or has stopped while the new one waited. */
export function waitsUrgently({ issuedAt, oldStopsAt, offline }: WaitingFacts, now: Date): boolean {
  if (offline || !oldStopsAt || issuedAt >= oldStopsAt) return false
  const past = now.getTime() - oldStopsAt.getTime()
  return past >= -urgentHours * 3_600_000 && past < urgentDays * 86_400_000
}

/** When it stops working, or stopped: its end or, before that, its revocation. Null: never. */
export function stopsAt({ expiresAt, revokedAt }: Pick<KeyFacts, 'expiresAt'> & { revokedAt: Date | null }) {
  return revokedAt ?? expiresAt
}

/** Whether GLPI accepts the key. `renewed` and `replaced` are notes, not refusals. */
export function works(state: KeyState): boolean {
  return state !== 'revoked' && state !== 'expired' && state !== 'not_started'
}

export type RevokeVerdict = { ok: true } | { ok: false; because: 'already_revoked' | 'already_expired' }

export function mayRevoke(key: KeyFacts, now: Date): RevokeVerdict {
  const state = stateOf(key, now)
  if (state === 'revoked') return { ok: false, because: 'already_revoked' }
  if (state === 'expired') return { ok: false, because: 'already_expired' }
  return { ok: true }
}

/**
 * Whether a payment leaves a revocation as it is: of one that undid it, whoever owes a year would pay the next one instead.
 * What has ended since may be taken up again, unless the terms were violated.
 */
export const outlastsPayment = (
  { reason, keyExpiresAt }: { reason: string; keyExpiresAt: Date | null },
  now: Date,
): boolean => reason === 'terms_violated' || keyExpiresAt === null || keyExpiresAt > now

export type ExtendVerdict =
  | { ok: true }
  | { ok: false; because: 'never_ends' | 'not_later' | 'already_revoked' }

/** An extension moves a key's end, never its term; an expired key may be taken up again by one. */
export function mayExtend(key: KeyFacts, until: Date): ExtendVerdict {
  if (key.revoked) return { ok: false, because: 'already_revoked' }
  if (!key.expiresAt) return { ok: false, because: 'never_ends' }
  if (until <= key.expiresAt) return { ok: false, because: 'not_later' }
  return { ok: true }
}

/*
 * What an account manager may do alone (docs/decisions/0006). More takes an admin, so that nobody gives away for good, or
 * takes away from many, what no second person has looked at.
 */

/** Days by which a key may outlive what is paid, or today where that is over. */
export const mostExtensionDays = 90
/** Keys that are revoked in an hour. */
export const mostRevocations = 10
/** Keys that are issued in an hour. */
export const mostIssued = 30

export type ExtensionVerdict = { ok: true } | { ok: false; because: 'needs_admin_extension'; days: number }

/**
 * Counted from the last day that is paid, or today where that is over or there is none, and not from the key's end:
 * extended again and again, a key would otherwise never end. Days are those of the organization's calendar.
 */
export function mayExtendTo(
  role: string,
  key: Pick<KeyFacts, 'termEndsAt'>,
  until: Date,
  now: Date,
  timeZone: string,
): ExtensionVerdict {
  const today = later(startOfDay(now, timeZone), timeZone, { days: 1 })
  // Stryker disable next-line EqualityOperator: of two that are the same, either
  const from = key.termEndsAt && key.termEndsAt > today ? key.termEndsAt : today
  if (role !== 'manager' || until <= later(from, timeZone, { days: mostExtensionDays })) return { ok: true }
  return { ok: false, because: 'needs_admin_extension', days: mostExtensionDays }
}

export type SecondKeyVerdict =
  | { ok: true }
  | { ok: false; because: 'needs_admin_second_key'; shortId: string }

/**
 * Whether a key may begin to work, newly issued, restored or taken up again. A trial does not count, since buying takes its
 * place, nor does a key that another has followed.
 * @param others the keys of the same product in the same place.
 */
export function mayWorkBeside(
  others: readonly (KeyFacts & { kind: Kind; shortId: string })[],
  now: Date,
): SecondKeyVerdict {
  // One that begins a moment later, or when its own term does, works beside it then.
  const counted: readonly KeyState[] = ['not_started', 'active', 'expiring', 'overdue']
  const second = others.find((key) => key.kind !== 'trial' && counted.includes(stateOf(key, now)))
  return second ? { ok: false, because: 'needs_admin_second_key', shortId: second.shortId } : { ok: true }
}

/** How many of some new keys their plugins fetch by themselves. */
export function whichCome(keys: readonly { comes: boolean }[]): 'all' | 'some' | 'none' {
  if (!keys.some(({ comes }) => comes)) return 'none'
  return keys.every(({ comes }) => comes) ? 'all' : 'some'
}
