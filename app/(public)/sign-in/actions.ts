'use server'

import { cookies, headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { actAlone, failure } from '@/app/_request/act'
import {
  chosenLanguage,
  cookieOptions,
  currentLanguage,
  networkAddress,
  sessionCookie,
} from '@/app/_request/session'
import type { FormState } from '@/components/form-state'
import type { VendorActor } from '@/lib/command'
import { env } from '@/lib/env'
import { DomainError } from '@/lib/errors'
import type { Translate } from '@/lib/messages/translator'
import { completeSignIn, type SignInResult } from '@/lib/people/complete-sign-in'
import { askedIn } from '@/lib/people/queries'
import { isKnownBrowser, requestSignIn } from '@/lib/people/request-sign-in'
import { safeReturnTo } from '@/lib/people/rules'
import type { Session } from '@/lib/people/session'
import { newToken } from '@/lib/people/tokens'
import { settleSignUp } from '@/lib/trials/settle-sign-up'
import { browserToken, keepBrowserToken } from './browser'

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  // Postgres takes no NUL, and no person types one.
  return typeof value === 'string' ? value.replaceAll('\0', '') : ''
}

const actorOf = (session: Session | null): VendorActor =>
  session ? { kind: 'person', personId: session.personId } : { kind: 'stranger' }

export async function askForMail(_state: FormState, form: FormData): Promise<FormState> {
  return actAlone('sign_in.request', form, async ({ session }) => {
    await request(actorOf(session), text(form, 'email'), safeReturnTo(text(form, 'to'), env().PUBLIC_URL))
    redirect('/sign-in/code')
  })
}

export async function sendAnotherMail(_state: FormState, form: FormData): Promise<FormState> {
  return actAlone('sign_in.request', form, async ({ session, t }) => {
    const browser = await browserToken()
    const asked = browser ? await askedIn(browser) : null
    if (!asked) redirect('/sign-in')
    await request(actorOf(session), asked.email, asked.returnTo, asked.trial?.signUpId ?? null)
    return { status: 'done', message: t('people.code.resent'), data: null }
  })
}

export async function signInWithCode(_state: FormState, form: FormData): Promise<FormState> {
  return actAlone('sign_in.complete', form, async ({ session, t }) => {
    const result = await complete(actorOf(session), { kind: 'code', code: text(form, 'code').slice(0, 100) })
    if (result.ok) return enter(result)
    // Signed in meanwhile, by the link in another tab.
    if (session) redirect('/')
    return failure(form, t('errors.invalid_input'), { code: refusal(result, t) })
  })
}

export async function signInWithLink(_state: FormState, form: FormData): Promise<FormState> {
  return actAlone('sign_in.complete', form, async ({ session, t }) => {
    const result = await complete(actorOf(session), { kind: 'link', link: text(form, 'token').slice(0, 200) })
    return result.ok ? enter(result) : failure(form, refusal(result, t))
  })
}

async function request(
  actor: VendorActor,
  email: string,
  returnTo: string | null,
  trialSignUpId: string | null = null,
) {
  const browser = await keepBrowserToken()
  await requestSignIn(
    { actor },
    {
      email,
      browser,
      known: await isKnownBrowser(email, browser),
      networkAddress: await networkAddress(),
      returnTo: returnTo && returnTo.length <= 2_000 ? returnTo : null,
      language: await currentLanguage(),
      trialSignUpId,
    },
  )
}

async function complete(actor: VendorActor, proof: Parameters<typeof completeSignIn>[1]['proof']) {
  const device = ((await headers()).get('user-agent') ?? '').slice(0, 500)
  // A browser without a name of its own has asked for nothing: a new name matches no row.
  const browser = (await browserToken()) ?? newToken()
  return completeSignIn({ actor }, { browser, device, language: await chosenLanguage(), proof })
}

async function enter({
  sessionToken,
  expires,
  returnTo,
  trialSignUpId,
}: Extract<SignInResult, { ok: true }>): Promise<never> {
  ;(await cookies()).set(sessionCookie(), sessionToken, { ...cookieOptions(), expires })
  if (trialSignUpId) {
    await goOnWith(trialSignUpId)
    redirect(`/trial/sign-up/${trialSignUpId}`)
  }
  // Checked again: the row may be older than the address that the portal has now.
  redirect(safeReturnTo(returnTo, env().PUBLIC_URL) ?? '/')
}

/** What fails here is not lost: the page that it leads to goes on with it, and a job does. */
async function goOnWith(trialSignUpId: string) {
  try {
    await settleSignUp(trialSignUpId)
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
  }
}

function refusal(result: Extract<SignInResult, { ok: false }>, t: Translate): string {
  if (result.because === 'wrong_code') return t('people.refused.wrong_code', { triesLeft: result.triesLeft })
  return t(`people.refused.${result.because}`)
}
