'use server'

import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { actAsPerson } from '@/app/_request/act'
import { cookieOptions, languageCookie, sessionCookie } from '@/app/_request/session'
import type { FormState } from '@/components/form-state'
import { mailKinds } from '@/lib/mail/kinds'
import type { Language } from '@/lib/messages/translator'
import { chooseMails } from '@/lib/people/choose-mails'
import { editAccount } from '@/lib/people/edit-account'
import { requestEmail, withdrawEmail } from '@/lib/people/request-email'
import { endOneSession, endOtherSessions } from '@/lib/people/sessions'

const yearSeconds = 365 * 86_400

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

export async function editDetails(_state: FormState, form: FormData): Promise<FormState> {
  return actAsPerson('account.edit', form, async ({ by }) => {
    // What the command's schema does not know it refuses, with a sentence at the field.
    const language = text(form, 'language') as Language
    await editAccount(by, { name: text(form, 'name'), language, timeZone: text(form, 'timeZone') })
    ;(await cookies()).set(languageCookie(), language, { ...cookieOptions(), maxAge: yearSeconds })
    redirect('/account?done=saved')
  })
}

export async function chooseKinds(_state: FormState, form: FormData): Promise<FormState> {
  return actAsPerson('account.choose_mails', form, async ({ by }) => {
    await chooseMails(by, { wanted: mailKinds.filter((kind) => form.has(kind)) })
    redirect('/account?done=mails_saved')
  })
}

export async function endOne(_state: FormState, form: FormData): Promise<FormState> {
  return actAsPerson('session.end_one', form, async ({ by }) => {
    await endOneSession(by, { sessionId: text(form, 'sessionId') })
    redirect('/account?done=ended')
  })
}

export async function endOthers(_state: FormState, form: FormData): Promise<FormState> {
  return actAsPerson('session.end_others', form, async ({ by }) => {
    await endOtherSessions(by, { token: (await cookies()).get(sessionCookie())?.value ?? '' })
    redirect('/account?done=others_ended')
  })
}

export async function askForEmail(_state: FormState, form: FormData): Promise<FormState> {
  return actAsPerson('account.request_email', form, async ({ by }) => {
    await requestEmail(by, { email: text(form, 'email') })
    redirect('/account?done=email_asked')
  })
}

export async function takeEmailBack(_state: FormState, form: FormData): Promise<FormState> {
  return actAsPerson('account.withdraw_email', form, async ({ by }) => {
    await withdrawEmail(by, {})
    redirect('/account?done=email_taken_back')
  })
}
