'use server'

import { redirect } from 'next/navigation'
import { actAlone, failure } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import { nameJoint, normalizeNames } from '@/lib/activations/named'

/** Leads to the address of a typed code, which looks it up. What is none stays out of addresses: it may be a key. */
export async function openNamed(_state: FormState, form: FormData): Promise<FormState> {
  return actAlone(null, form, async ({ t }) => {
    const names = normalizeNames(String(form.get('code') ?? ''))
    const said = t('questions.code.invalid')
    if (names.length === 0) return { ...failure(new FormData(), said), fields: { code: said } }
    redirect(`/open/${names.join(nameJoint)}`)
  })
}
