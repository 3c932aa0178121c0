export const signInMinutes = 10
export const codeTries = 5
export const idleHours = 12
export const sessionDays = 30

export interface SignInFacts {
  expiresAt: Date
  usedAt: Date | null
  tries: number
}

export type SignInVerdict = { ok: true } | { ok: false; because: 'used' | 'expired' | 'too_many_tries' }

/** Whether a sign-in that was asked for can still be completed. */
export function mayComplete(signIn: SignInFacts, now: Date): SignInVerdict {
  if (signIn.usedAt) return { ok: false, because: 'used' }
  if (signIn.expiresAt <= now) return { ok: false, because: 'expired' }
  if (signIn.tries >= codeTries) return { ok: false, because: 'too_many_tries' }
  return { ok: true }
}

/** Two mails are to be found, one of them perhaps on another device; some servers hold back the first mail of a stranger. */
export const emailChangeMinutes = 60

/** Where a link of a change of address was sent: to the address of before, or to the new one. */
export type Side = 'old' | 'new'

export interface EmailChangeFacts {
  expiresAt: Date
  oldConfirmedAt: Date | null
  newConfirmedAt: Date | null
  withdrawnAt: Date | null
}

export type EmailChangeVerdict =
  | { ok: true }
  | {
      ok: false
      because:
        | 'email_change_done'
        | 'email_change_withdrawn'
        | 'email_change_confirmed'
        | 'email_change_expired'
    }

/** Whether the link that went to this side can still confirm the change. */
export function mayConfirm(change: EmailChangeFacts, side: Side, now: Date): EmailChangeVerdict {
  const { oldConfirmedAt, newConfirmedAt } = change
  if (oldConfirmedAt && newConfirmedAt) return { ok: false, because: 'email_change_done' }
  if (change.withdrawnAt) return { ok: false, because: 'email_change_withdrawn' }
  if (change.expiresAt <= now) return { ok: false, because: 'email_change_expired' }
  if (side === 'old' ? oldConfirmedAt : newConfirmedAt)
    return { ok: false, because: 'email_change_confirmed' }
  return { ok: true }
}

/** A session ends after 12 hours without use, and after 30 days in any case. */
export function isAlive(session: { lastUsedAt: Date; expires: Date }, now: Date): boolean {
  return now < session.expires && now.getTime() - session.lastUsedAt.getTime() < idleHours * 3_600_000
}

/**
 * Where to go after signing in: the path that was asked for, if it lies in the portal.
 * @param origin the portal's own, such as `https://portal.example.com`
 */
export function safeReturnTo(path: string | null | undefined, origin: string): string | null {
  if (!path?.startsWith('/') || !URL.canParse(path, origin)) return null
  const url = new URL(path, origin)
  if (url.origin !== origin || /^\/sign-in(\/|$)/.test(url.pathname)) return null
  const local = url.pathname + url.search
  // A browser takes `//host` and `/\host` for another host.
  return /^\/[/\\]/.test(local) ? null : local
}
