'use server'

import { redirect } from 'next/navigation'
import { actAlone, actAsPerson } from '@/app/_request/act'
import { attempted } from '@/app/_request/attempt'
import { currentLanguage, networkAddress } from '@/app/_request/session'
import { keepBrowserToken } from '@/app/(public)/sign-in/browser'
import type { FormState } from '@/components/form-state'
import type { Permission } from '@/lib/access'
import type { VendorActor } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import type { Session } from '@/lib/people/session'
import { askToJoinByDomain } from '@/lib/trials/ask-to-join'
import { settleSignUp } from '@/lib/trials/settle-sign-up'
import { signUpForTrial } from '@/lib/trials/sign-up'
import { signUpOf } from '@/lib/trials/sign-ups'

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

/** Whoever they are, the same follows: a mail, and the page that asks for its code. Who has signed in has no mail to wait for. */
export async function signUp(_state: FormState, form: FormData): Promise<FormState> {
  return actAlone('trial.sign_up', form, async ({ session }) => {
    const actor: VendorActor = session ? { kind: 'person', personId: session.personId } : { kind: 'stranger' }
    const { signUpId, confirmed } = await signUpForTrial(
      { actor },
      {
        productId: text(form, 'productId'),
        email: session?.email ?? text(form, 'email'),
        organizationName: text(form, 'organizationName'),
        url: form.has('url') ? text(form, 'url') : null,
        timeZone: text(form, 'timeZone') || null,
        language: await currentLanguage(),
        browser: await keepBrowserToken(),
        networkAddress: await networkAddress(),
      },
    )
    if (!confirmed) redirect('/sign-in/code')
    await settleSignUp(signUpId)
    redirect(`/trial/sign-up/${signUpId}`)
  })
}

/** Where it broke off after the address was confirmed. */
export async function goOn(_state: FormState, form: FormData): Promise<FormState> {
  return actAsPerson('trial.begin', form, async ({ session }) => {
    const { id } = await ownSignUp('trial.begin', session, form)
    await settleSignUp(id)
    redirect(`/trial/sign-up/${id}`)
  })
}

export async function askToJoin(_state: FormState, form: FormData): Promise<FormState> {
  return actAsPerson('trial.ask_to_join', form, async ({ session }) => {
    const { id, organizationId } = await ownSignUp('trial.ask_to_join', session, form)
    const actor = { kind: 'person', personId: session.personId } as const
    await askToJoinByDomain({ actor, organizationId: organizationId ?? '' }, { signUpId: id })
    redirect(`/trial/sign-up/${id}`)
  })
}

/** @throws NotFound for another's, recorded */
async function ownSignUp(action: Permission, { personId }: Session, form: FormData) {
  const id = form.get('signUpId')
  const found = isId(id) ? await signUpOf(personId, id) : undefined
  if (found) return found
  await attempted(action, personId, 'not_found')
  throw new NotFound('sign_up')
}
