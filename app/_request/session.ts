import { cookies, headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { cache } from 'react'
import { isStaffRole, may, type Permission } from '@/lib/access'
import { env } from '@/lib/env'
import { NotFound } from '@/lib/errors'
import { type Language, languageFrom, languages, type Translate, translator } from '@/lib/messages/translator'
import { parseSlug } from '@/lib/organizations/slug'
import { askedIn } from '@/lib/people/queries'
import { type Membership, type Session, sessionOf } from '@/lib/people/session'
import { organizationFor, recordVisit } from '@/lib/staff/visit'
import { attempted } from './attempt'
import { invitedHere } from './invited'

/** A cookie's name; `__Host-` keeps other hosts of the domain from setting it, and works over HTTPS only. */
export const cookieName = (name: string) => (env().PUBLIC_URL.startsWith('https:') ? `__Host-${name}` : name)

export const cookieOptions = () => ({
  httpOnly: true,
  sameSite: 'lax' as const,
  secure: env().PUBLIC_URL.startsWith('https:'),
  path: '/',
})

export const sessionCookie = () => cookieName('session')
export const browserCookie = () => cookieName('browser')
export const languageCookie = () => cookieName('language')
export const themeCookie = () => cookieName('theme')

/** Who is signed in; asked once per request. */
export const currentSession = cache(async (): Promise<Session | null> => {
  const token = (await cookies()).get(sessionCookie())?.value
  return token ? sessionOf(token) : null
})

/**
 * The page's language: the person's, else the one chosen in this browser, else that of the invitation at hand or of the
 * mail that was asked for, else the browser's own.
 */
export const currentLanguage = cache(async (): Promise<Language> => {
  const session = await currentSession()
  if (session) return session.language
  return (
    (await chosenLanguage()) ??
    (await invitedHere())?.language ??
    (await askedLanguage()) ??
    browsersLanguage()
  )
})

/** Of the mail whose code is waited for; null on any other page. */
async function askedLanguage(): Promise<Language | null> {
  if ((await headers()).get('x-path') !== '/sign-in/code') return null
  const browser = (await cookies()).get(browserCookie())?.value
  return browser ? ((await askedIn(browser))?.language ?? null) : null
}

/** What was chosen in this browser; null where nothing was. */
export async function chosenLanguage(): Promise<Language | null> {
  const chosen = (await cookies()).get(languageCookie())?.value
  return languages.find((language) => language === chosen) ?? null
}

export async function currentTranslator(): Promise<Translate> {
  return translator(await currentLanguage())
}

/** The browser's own language. */
export async function browsersLanguage(): Promise<Language> {
  return languageFrom((await headers()).get('accept-language'))
}

/** Who is signed in; who is not is sent to sign in, and back here afterwards. */
export async function requireSession(): Promise<Session> {
  const session = await currentSession()
  if (session) return session
  redirect(await signInHere())
}

/** Where to sign in so as to come back to the page at hand. */
export async function signInHere(): Promise<string> {
  const path = (await headers()).get('x-path')
  return path && path !== '/' ? `/sign-in?to=${encodeURIComponent(path)}` : '/sign-in'
}

export interface Visit {
  session: Session
  organization: Membership
  language: Language
  t: Translate
}

/**
 * Who looks at a page of an organization. One that does not exist and one that is not theirs look the same; a page
 * that the role may not see does so too.
 * @throws NotFound, which `organizationPage` makes a page of; recorded, where the organization is not theirs.
 */
export async function requireMember(
  slug: string,
  permission: Permission = 'organization.read',
): Promise<Visit> {
  const session = await requireSession()
  const organization = await membershipIn(slug, permission, session)
  return { session, organization, language: session.language, t: translator(session.language) }
}

/**
 * What somebody is to the organization of that name: a member or, with the role that they have there, one of the vendor's
 * people. Whose own organization it is acts as its member. Null where they are neither.
 */
export const organizationNamed = cache(async (slug: string, session: Session): Promise<Membership | null> => {
  const own = session.memberships.find((one) => one.slug === slug)
  if (own) return own
  return session.staff && parseSlug(slug).ok ? organizationFor(session.personId, slug) : null
})

/** A page and its title ask alike. */
const visited = cache(recordVisit)

/**
 * The organization that an address names; that one of the staff looks at it is recorded before they see anything.
 * @throws NotFound where the role may not; recorded, where it is not theirs.
 */
export async function membershipIn(
  slug: string,
  permission: Permission,
  session: Session,
): Promise<Membership> {
  const membership = await organizationNamed(slug, session)
  const { personId } = session
  if (membership && may(membership.role, permission)) {
    if (isStaffRole(membership.role)) await visited(personId, membership.organizationId)
    return membership
  }
  // What no organization can be called is a file that a browser looks for, not somebody's attempt.
  if (parseSlug(slug).ok) await attempted(permission, personId, 'not_found')
  throw new NotFound('organization')
}

/** The address that the request came from, as `scripts/web.ts` found it. */
export async function networkAddress(): Promise<string> {
  return (await headers()).get('x-forwarded-for') ?? 'unknown'
}
