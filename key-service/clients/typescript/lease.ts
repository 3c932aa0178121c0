import { createHash } from 'node:crypto'
import type { Found, Kept, Verdict } from './kept'
import { type Claims, isTime } from './statements'
import { tolerance } from './time'

/** What a plugin does when its key ends; GLPI itself always goes on. */
export type Ending = 'read_only' | 'trial_mode' | 'disabled'
const endings: readonly string[] = ['read_only', 'trial_mode', 'disabled'] satisfies Ending[]

/** The part of a lease or an offline file that the client goes by; times are seconds. */
export interface Lease {
  activation: string
  /** The lease's own name, which a refresh tells. */
  id: string
  issuedAt: number
  /** Null: never ends. */
  entitledUntil: number | null
  /** Null in an offline file, which nobody refreshes. */
  online: { refreshAfter: number; graceUntil: number } | null
  onExpiry: Ending
  onRevocation: Ending
  features: string[]
}

/** How things stand. Key, network and service are three things: an administrator is told which of them wants something. */
export interface State {
  key: Verdict | null
  network: Found
  service: Found
  entitled: boolean
  /** `full`; `grace`: works, but wants to be seen to before `until`; else what the product says it does when a key ends. */
  mode: 'full' | 'grace' | Ending
  /** When this ends by itself, in seconds; null: never, or it is over. */
  until: number | null
  /** What stays usable in `trial_mode`. */
  features: string[]
  offline: boolean
  /** This machine's clock is more than 5 minutes off, as far as can be known; over when it agrees again. */
  clockSuspect: boolean
  /** When the key was taken over from the portal last, in seconds: nobody pasted it. Null: somebody did. */
  tookOverAt: number | null
  /** The place was to be given back, and the portal has not confirmed it. */
  givingBack: boolean
  startedAnew: boolean
}

const day = 86_400
const longestFileDays = 400
/** The longest grace that a product of the portal has. */
const longestGraceDays = 60

/** Reads the claims of a lease whose signature is good and that is meant for this client; null where one makes no sense. */
export function readLease(claims: Claims): Lease | null {
  const {
    sub,
    jti,
    iat,
    exp,
    entitled_until: until,
    refresh_after: refresh,
    grace_until: grace,
    features,
  } = claims
  if (typeof sub !== 'string' || typeof jti !== 'string' || !isTime(iat) || !isTime(exp) || exp < iat)
    return null
  if (until !== null && !isTime(until)) return null
  if (!isEnding(claims.on_expiry) || !isEnding(claims.on_revocation)) return null
  const online = isTime(refresh) && isTime(grace) ? { refreshAfter: refresh, graceUntil: grace } : null
  if (!online && (refresh !== null || grace !== null || until === null)) return null
  return {
    activation: sub,
    id: jti,
    issuedAt: iat,
    // An offline file never outlives these, whatever a key that was stolen has signed.
    entitledUntil: online || until === null ? until : Math.min(until, iat + longestFileDays * day),
    online,
    onExpiry: claims.on_expiry,
    onRevocation: claims.on_revocation,
    features: Array.isArray(features) ? features.map(String) : [],
  }
}

/** A lease of a key that has been dropped since may be what a thief has signed: it ends with the longest grace there is. */
export function boundedLease(lease: Lease | null): Lease | null {
  if (!lease?.online) return lease
  const { refreshAfter, graceUntil } = lease.online
  const longest = lease.issuedAt + longestGraceDays * day
  return { ...lease, online: { refreshAfter, graceUntil: Math.min(graceUntil, longest) } }
}

function isEnding(value: unknown): value is Ending {
  return typeof value === 'string' && endings.includes(value)
}

/**
 * What the end of the grace is given beyond its second: the five minutes by which a clock may have been set during an
 * outage. Where no steady clock tells, more cannot be had: at the end of the grace a clock that was set forward shows
 * what one that was set back shows ten minutes later, and the first must still be entitled.
 */
const margin = 300

/** Says how things stand at a moment (seconds). Pure. */
export function stateOf(kept: Kept, lease: Lease | null, now: number, withoutLease: Ending): State {
  const ended = kept.verdict && ['revoked', 'expired'].includes(kept.verdict.code) ? kept.verdict.code : null
  const paid = lease !== null && (lease.entitledUntil === null || now < lease.entitledUntil)
  const inTouch = !lease?.online || now < lease.online.graceUntil + margin
  const entitled = paid && inTouch && !ended
  return {
    key: kept.verdict,
    network: kept.network,
    service: kept.service,
    entitled,
    mode: entitled
      ? modeWhile(kept, lease, now)
      : ((ended === 'revoked' ? lease?.onRevocation : lease?.onExpiry) ?? withoutLease),
    until: entitled ? endOf(lease) : null,
    features: lease?.features ?? [],
    offline: lease !== null && !lease.online,
    clockSuspect: kept.time?.suspect ?? false,
    tookOverAt: kept.tookOverAt,
    givingBack: kept.givingBack,
    startedAnew: kept.startedAnew,
  }
}

function modeWhile(kept: Kept, lease: Lease, now: number): 'full' | 'grace' {
  if (!lease.online) return 'full'
  const refused = kept.verdict !== null && kept.verdict.code !== 'ok'
  const unheard = kept.failures > 0 && now >= lease.online.refreshAfter
  return refused || unheard ? 'grace' : 'full'
}

function endOf(lease: Lease): number | null {
  const ends = [lease.entitledUntil, lease.online?.graceUntil].filter((end) => typeof end === 'number')
  return ends.length > 0 ? Math.min(...ends) : null
}

/** When the client asks next (seconds); null: by itself never. Spread by the installation, so that no fleet calls at once. */
export function nextCall(kept: Kept, lease: Lease | null, installationId: string): number | null {
  if (kept.key === null || kept.givingBack || (lease && !lease.online)) return null
  // Handed over by a call that was broken off.
  if (kept.next && !kept.next.tried && kept.failures === 0) return 0
  return kept.failures > 0 ? pauseEnd(kept, installationId) : plannedCall(kept, lease, share(installationId))
}

/**
 * Until when nobody is asked after a failure (seconds). After an outage all are due: each waits 30 to 90 minutes between
 * its tries, so that they come back one by one. A try that lies ahead of this machine's clock, which has been set back since,
 * holds off nobody: it may be days ahead.
 */
export function pauseEnd(kept: Kept, installationId: string): number {
  const { failures, triedAt, triedWall, time } = kept
  const isAhead = time !== null && time.wall < triedWall - tolerance
  return failures > 0 && !isAhead ? triedAt + 1800 + 3600 * share(`${installationId}:${failures}`) : 0
}

function plannedCall(kept: Kept, lease: Lease | null, spread: number): number {
  if (kept.verdict && kept.verdict.code !== 'ok') return kept.verdict.at + day
  if (!lease?.online) return 0
  const { refreshAfter, graceUntil } = lease.online
  const window = Math.max(0, Math.min(day, (graceUntil - refreshAfter) / 2))
  // A product with a short grace must be asked for before it ends, whatever `refresh_after` says.
  const calls = [
    refreshAfter + spread * window,
    lease.issuedAt + (graceUntil - lease.issuedAt) * (0.5 + spread / 4),
  ]
  // The key may have been extended meanwhile: asked in its last hour, it goes on without a break.
  const lastHour = (lease.entitledUntil ?? Number.POSITIVE_INFINITY) - 3600 * spread
  if (lease.issuedAt < lastHour) calls.push(lastHour)
  return Math.min(...calls)
}

/** A number from 0 to 1 that is the same for the same text. */
function share(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32
}
