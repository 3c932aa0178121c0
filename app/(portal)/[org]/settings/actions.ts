'use server'

import { redirect } from 'next/navigation'
import { act } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import { InvalidInput } from '@/lib/errors'
import { createToken } from '@/lib/organizations/create-token'
import { revokeToken } from '@/lib/organizations/revoke-token'
import { tokenScopes } from '@/lib/organizations/rules'
import type { MadeToken } from './tokens/new/token-form'

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

/** Answers in place: the token goes into no address, and is shown by this answer alone. */
export async function create(_state: FormState<MadeToken>, form: FormData): Promise<FormState<MadeToken>> {
  return act('token.create', form, async ({ by, t }) => {
    const scopes = tokenScopes.filter((scope) => form.has(scope))
    // Each scope is a box of its own, and the sentence stands at the first.
    if (scopes.length === 0) throw new InvalidInput({ [tokenScopes[0]]: 'scope' })
    const asked = { name: text(form, 'name'), scopes, days: Number(text(form, 'days')) }
    const { name, token } = await createToken(by, asked)
    const data = { token, name, label: t('settings.made.label', { name }) }
    return { message: t('settings.made.now', { name }), data }
  })
}

export async function revoke(_state: FormState, form: FormData): Promise<FormState> {
  return act('token.revoke', form, async ({ by, organization }) => {
    await revokeToken(by, { tokenId: text(form, 'tokenId') })
    redirect(`/${organization.slug}/settings?done=revoked`)
  })
}
