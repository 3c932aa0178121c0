'use server'

import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { parseTheme } from '@/components/theme'
import { env } from '@/lib/env'
import { languages } from '@/lib/messages/translator'
import { safeReturnTo } from '@/lib/people/rules'
import { endAllSessions, endSession, setLanguage } from '@/lib/people/session'
import { actAlone } from './act'
import { cookieOptions, languageCookie, sessionCookie, themeCookie } from './session'

/*
 * The account's small forms. They have no place for a sentence: what was refused (a form of another site, no database)
 * changes nothing, and the page shows how things stand.
 */
const yearSeconds = 365 * 86_400
const done = { status: 'done', message: '', data: null } as const

export async function signOut(form: FormData) {
  await actAlone('session.end', form, async ({ session }) => {
    const jar = await cookies()
    const token = jar.get(sessionCookie())?.value
    if (session && token)
      await endSession({ actor: { kind: 'person', personId: session.personId } }, { token })
    jar.delete({ name: sessionCookie(), ...cookieOptions() })
    // Whoever signs out to sign in with another address comes back to where they were.
    const to = form.get('to')
    const back = typeof to === 'string' ? safeReturnTo(to, env().PUBLIC_URL) : null
    redirect(back ? `/sign-in?to=${encodeURIComponent(back)}` : '/sign-in')
  })
}

export async function signOutEverywhere(form: FormData) {
  await actAlone('session.end_all', form, async ({ session }) => {
    if (session) await endAllSessions({ actor: { kind: 'person', personId: session.personId } }, {})
    ;(await cookies()).delete({ name: sessionCookie(), ...cookieOptions() })
    redirect('/sign-in')
  })
}

/** For this browser, and for whoever is signed in: their pages and mails. */
export async function chooseLanguage(form: FormData) {
  await actAlone('account.set_language', form, async ({ session }) => {
    const language = languages.find((one) => one === form.get('language'))
    if (!language) return done
    if (session) await setLanguage({ actor: { kind: 'person', personId: session.personId } }, { language })
    ;(await cookies()).set(languageCookie(), language, { ...cookieOptions(), maxAge: yearSeconds })
    return done
  })
}

export async function chooseTheme(form: FormData) {
  await actAlone(null, form, async () => {
    const theme = parseTheme(form.get('theme'))
    ;(await cookies()).set(themeCookie(), theme, { ...cookieOptions(), maxAge: yearSeconds })
    return done
  })
}
