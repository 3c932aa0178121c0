'use server'

import { redirect } from 'next/navigation'
import { type Acting, act } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import { asOrganization } from '@/db/scope'
import { instanceNamed } from '@/lib/instances/queries'
import { replyToRequest, withdrawRequest } from '@/lib/organizations/reply'
import { askForTrial } from '@/lib/trials/ask'
import { extendTrial } from '@/lib/trials/extend'
import { startTrialOrAsk } from '@/lib/trials/start'

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
    const started = await startTrialOrAsk(acting.by, input)
    if ('requestId' in started) return back(acting, 'waits')
    redirect(`/${acting.organization.slug}/trials?begun=${started.keyId}`)
  })
}

const back = ({ organization }: Acting, done: string): never =>
  redirect(`/${organization.slug}/trials?done=${done}`)

export async function extend(_state: FormState, form: FormData): Promise<FormState> {
  return act('trial.extend', form, async (acting) => {
    await extendTrial(acting.by, { keyId: text(form, 'keyId'), note: text(form, 'note') })
    return back(acting, `extended&of=${encodeURIComponent(text(form, 'keyId'))}`)
  })
}

export async function askForTime(_state: FormState, form: FormData): Promise<FormState> {
  return act('trial.ask', form, async (acting) => {
    const of = { keyId: text(form, 'keyId'), reason: text(form, 'reason') }
    await askForTrial(acting.by, { kind: 'trial_time', ...of })
    return back(acting, 'asked')
  })
}

export async function askAgain(_state: FormState, form: FormData): Promise<FormState> {
  return act('trial.ask', form, async (acting) => {
    const of = { productId: text(form, 'productId'), reason: text(form, 'reason') }
    await askForTrial(acting.by, { kind: 'second_trial', instanceId: await placeOf(form, acting), ...of })
    return back(acting, 'asked')
  })
}

export async function reply(_state: FormState, form: FormData): Promise<FormState> {
  return act('request.reply', form, async (acting) => {
    await replyToRequest(acting.by, { requestId: text(form, 'requestId'), note: text(form, 'note') })
    return back(acting, 'replied')
  })
}

export async function withdraw(_state: FormState, form: FormData): Promise<FormState> {
  return act('request.withdraw', form, async (acting) => {
    await withdrawRequest(acting.by, { requestId: text(form, 'requestId') })
    return back(acting, 'withdrawn')
  })
}
