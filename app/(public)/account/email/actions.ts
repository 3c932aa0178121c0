'use server'

import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { actAsPerson } from '@/app/_request/act'
import { sessionCookie } from '@/app/_request/session'
import type { FormState } from '@/components/form-state'
import { confirmEmail } from '@/lib/people/confirm-email'

export async function confirm(_state: FormState, form: FormData): Promise<FormState> {
  return actAsPerson('account.confirm_email', form, async ({ by }) => {
    const token = form.get('token')
    const { made } = await confirmEmail(by, {
      link: typeof token === 'string' ? token : '',
      sessionToken: (await cookies()).get(sessionCookie())?.value ?? '',
    })
    redirect(`/account?done=${made ? 'email_changed' : 'email_confirmed'}`)
  })
}
