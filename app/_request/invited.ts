import { headers } from 'next/headers'
import { cache } from 'react'
import { env } from '@/lib/env'
import { type Invitation, invitationBy } from '@/lib/organizations/invitation'
import { safeReturnTo } from '@/lib/people/rules'

/** What a token looks like; anything else is looked up nowhere. */
export const isToken = (text: unknown): text is string => typeof text === 'string' && /^[\w-]{43}$/.test(text)

/** Where an invitation is looked at. */
export const invitationAddress = (token: unknown): string =>
  isToken(token) ? `/invitation?token=${token}` : '/invitation'

/** What a token invites to; asked once per request. */
export const invitationOf = cache(
  async (token: unknown): Promise<Invitation | null> => (isToken(token) ? invitationBy(token) : null),
)

/**
 * The invitation that the page at hand shows, or to which signing in leads back. Whom it is for and in which language is
 * said by its row alone: nothing else in an address fills in a form.
 */
export async function invitedHere(): Promise<Invitation | null> {
  const path = (await headers()).get('x-path')
  if (!path || !URL.canParse(path, env().PUBLIC_URL)) return null
  const { pathname, searchParams } = new URL(path, env().PUBLIC_URL)
  return invitationOf(tokenOf(pathname === '/sign-in' ? searchParams.get('to') : path))
}

function tokenOf(path: string | null): string | null {
  const local = safeReturnTo(path, env().PUBLIC_URL)
  if (!local) return null
  const { pathname, searchParams } = new URL(local, env().PUBLIC_URL)
  return pathname === '/invitation' ? searchParams.get('token') : null
}
