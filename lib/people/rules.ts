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
