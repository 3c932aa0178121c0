'use server'

import { redirect } from 'next/navigation'
import { act } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import { InvalidInput } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { extendKey } from '@/lib/keys/extend'
import { restoreKey, revokeKey } from '@/lib/keys/revoke'
import { later, startOfNamedDay } from '@/lib/organizations/calendar'
import type { Membership } from '@/lib/people/session'

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}
/** What the command's schema does not know it refuses, with a sentence at the field. */
const reason = (form: FormData) => text(form, 'reason') as 'requested'

/** The key's page; into an address goes nothing but an ID. */
function back({ slug }: Membership, keyId: string, done: string): never {
  redirect(`/${slug}/keys/${isId(keyId) ? `${keyId}?done=${done}` : ''}`)
}

export async function revoke(_state: FormState, form: FormData): Promise<FormState> {
  return act('key.revoke', form, async ({ by, organization }) => {
    const keyId = text(form, 'keyId')
    await revokeKey(by, { keyId, reason: reason(form), note: text(form, 'note') })
    back(organization, keyId, 'revoked')
  })
}

export async function restore(_state: FormState, form: FormData): Promise<FormState> {
  return act('key.restore', form, async ({ by, organization }) => {
    const keyId = text(form, 'keyId')
    await restoreKey(by, { keyId, note: text(form, 'note') })
    back(organization, keyId, 'restored')
  })
}

export async function extend(_state: FormState, form: FormData): Promise<FormState> {
  return act('key.extend', form, async ({ by, organization }) => {
    const keyId = text(form, 'keyId')
    const { timeZone } = organization
    const named = text(form, 'until')
    const day = startOfNamedDay(named, timeZone)
    if (!day) throw new InvalidInput({ until: named ? 'invalid' : 'required' })
    // The day that is named is the last whole one.
    await extendKey(by, { keyId, until: later(day, timeZone, { days: 1 }), reason: text(form, 'why') })
    back(organization, keyId, 'extended')
  })
}
