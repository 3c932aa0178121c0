import { cookies } from 'next/headers'
import { browserCookie, cookieOptions } from '@/app/_request/session'
import { newToken } from '@/lib/people/tokens'

const yearSeconds = 365 * 86_400

/** The name by which this browser is known again, or null where it has none (or one that is not ours). */
export async function browserToken(): Promise<string | null> {
  const token = (await cookies()).get(browserCookie())?.value
  return token && /^[\w-]{43}$/.test(token) ? token : null
}

/** The same, made where it is missing; its year begins anew. For actions: a page cannot set a cookie. */
export async function keepBrowserToken(): Promise<string> {
  const token = (await browserToken()) ?? newToken()
  ;(await cookies()).set(browserCookie(), token, { ...cookieOptions(), maxAge: yearSeconds })
  return token
}
