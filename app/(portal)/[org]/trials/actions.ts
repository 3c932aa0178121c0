'use server'

import { redirect } from 'next/navigation'
import { type Acting, act } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import { asOrganization } from '@/db/scope'
import { instanceNamed } from '@/lib/instances/queries'
import { startTrial } from '@/lib/trials/start'

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

/** Chosen from a list or, where that would be too long, typed as a short ID; null for the whole organization. */
async function placeOf(form: FormData, { organization: { organizationId } }: Acting) {
  const typed = text(form, 'instanceId')
  if (!typed) return null
  // Of what Postgres takes for no text, the command says that it is wrong.
  if (typed.includes('\0')) return typed
  const named = await asOrganization(organizationId, (tx) => instanceNamed(tx, organizationId, typed))
  return named?.id ?? typed
}

export async function start(_state: FormState, form: FormData): Promise<FormState> {
  return act('trial.start', form, async (acting) => {
    const instanceId = await placeOf(form, acting)
    const input = { productId: text(form, 'productId'), instanceId, note: text(form, 'note') }
    const { keyId } = await startTrial(acting.by, input)
    redirect(`/${acting.organization.slug}/trials?begun=${keyId}`)
  })
}
