'use server'

import { redirect } from 'next/navigation'
import { actAlone } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import { unsubscribePage } from '@/lib/mail/unsubscribe'
import { muteMails } from '@/lib/people/choose-mails'

/** Whoever is signed in here: the link says whose mails they are. */
export async function turnOff(_state: FormState, form: FormData): Promise<FormState> {
  return actAlone('account.mute_mails', form, async () => {
    const token = form.get('token')
    const link = typeof token === 'string' ? token : ''
    await muteMails({ actor: { kind: 'stranger' } }, { token: link })
    redirect(`${unsubscribePage(link)}&done=off`)
  })
}
