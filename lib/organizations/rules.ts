import { later, startOfDay, weekday } from './calendar'

/** Days in which an invitation can be accepted. */
export const invitationDays = 7

export type OwnerVerdict = { ok: true } | { ok: false; because: 'last_owner' }

/** Whether an organization can do without this member as an owner: somebody must be there who lets others in. */
export function mayCeaseToOwn(member: { role: string }, otherOwners: number): OwnerVerdict {
  return member.role !== 'owner' || otherOwners > 0 ? { ok: true } : { ok: false, because: 'last_owner' }
}

export interface InvitationFacts {
  email: string
  expiresAt: Date
  acceptedAt: Date | null
  withdrawnAt: Date | null
}

export type OpenVerdict =
  | { ok: true }
  | { ok: false; because: 'invitation_used' | 'invitation_withdrawn' | 'invitation_expired' }

/** Whether an invitation can still be accepted by anybody. */
export function isOpen(invitation: InvitationFacts, now: Date): OpenVerdict {
  if (invitation.acceptedAt) return { ok: false, because: 'invitation_used' }
  if (invitation.withdrawnAt) return { ok: false, because: 'invitation_withdrawn' }
  if (invitation.expiresAt <= now) return { ok: false, because: 'invitation_expired' }
  return { ok: true }
}

export type AcceptVerdict =
  | OpenVerdict
  | { ok: false; because: 'invitation_other_address' | 'works_for_vendor' | 'invitation_unconfirmed' }

/**
 * Whether this person can accept it: only by the address that was invited, and only where that address is known to be
 * theirs. Which address it is comes first, since to anybody else the rest is no matter. Who works for the vendor is no
 * member (docs/decisions/0011).
 */
export function mayAccept(
  invitation: InvitationFacts,
  person: { email: string; emailVerified: Date | null; worksForVendor: boolean },
  now: Date,
): AcceptVerdict {
  if (person.email !== invitation.email) return { ok: false, because: 'invitation_other_address' }
  if (person.worksForVendor) return { ok: false, because: 'works_for_vendor' }
  if (!person.emailVerified) return { ok: false, because: 'invitation_unconfirmed' }
  return isOpen(invitation, now)
}

/** What a token can allow, in the order in which it is said. */
export const tokenScopes = ['keys.read', 'offline_files.create'] as const
export type TokenScope = (typeof tokenScopes)[number]

/** After how many whole days a token can be made to end. */
export const tokenDays = [30, 90, 365] as const

/** How many tokens that work an organization can have: enough for what is automated, few enough to be looked over. */
export const mostTokens = 20

export type TokenVerdict = { ok: true } | { ok: false; because: 'tokens_full' }

/** Whether one more token can be made. */
export function mayCreateToken(working: number): TokenVerdict {
  return working < mostTokens ? { ok: true } : { ok: false, because: 'tokens_full' }
}

export interface TokenFacts {
  expiresAt: Date
  revokedAt: Date | null
}

/** How a token stands. */
export function tokenState(token: TokenFacts, now: Date): 'working' | 'revoked' | 'expired' {
  if (token.revokedAt) return 'revoked'
  return token.expiresAt <= now ? 'expired' : 'working'
}

/** What an API token looks like wherever it stands: known at sight, also to programs that look for secrets where none should be. */
export const tokenPattern = /lkt_[A-Za-z0-9_-]{43}/

export type RequestAnswer = 'approved' | 'declined' | 'asked_back' | 'replied' | 'withdrawn'
export type RequestState = 'open' | 'asked_back' | 'approved' | 'declined' | 'withdrawn'

/** How a request stands after its last answer; null: it has none. */
export const requestState = (last: RequestAnswer | null): RequestState =>
  last === null || last === 'replied' ? 'open' : last

export type AnswerVerdict = { ok: true } | { ok: false; because: 'request_closed' | 'request_not_asked_back' }

/** Whether a request takes this answer: none after it has ended, and a reply only to what was asked back. */
export function mayAnswer(state: RequestState, answer: RequestAnswer): AnswerVerdict {
  if (state !== 'open' && state !== 'asked_back') return { ok: false, because: 'request_closed' }
  if (answer === 'replied' && state === 'open') return { ok: false, because: 'request_not_asked_back' }
  return { ok: true }
}

/** Working days after the one on which somebody asked to join, in which the owners alone decide. */
export const ownersDays = 2

/** Midnight after the last of those days, Monday to Friday in the organization's time zone. */
export function ownersDecideUntil(askedAt: Date, timeZone: string): Date {
  const next = (day: Date) => later(day, timeZone, { days: 1 })
  let day = startOfDay(askedAt, timeZone)
  for (let left = ownersDays; left > 0; ) {
    day = next(day)
    if (weekday(day, timeZone) <= 5) left--
  }
  return next(day)
}

export type JoinVerdict = { ok: true } | { ok: false; because: 'owners_first'; until: Date }

/** Whether somebody may answer who asks to join: an owner at any time, the vendor's staff once the owners' days are over. */
export function mayAnswerJoin(isStaff: boolean, ownersUntil: Date, now: Date): JoinVerdict {
  return isStaff && now < ownersUntil
    ? { ok: false, because: 'owners_first', until: ownersUntil }
    : { ok: true }
}
