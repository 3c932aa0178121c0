'use server'

import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { actAsPerson } from '@/app/_request/act'
import { cookieOptions, languageCookie } from '@/app/_request/session'
import type { FormState } from '@/components/form-state'
import type { Language } from '@/lib/messages/translator'
import { editAccount } from '@/lib/people/edit-account'

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
