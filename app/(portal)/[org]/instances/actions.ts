'use server'

import { redirect } from 'next/navigation'
import { act } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import { asOrganization } from '@/db/scope'
import { addInstance } from '@/lib/instances/add'
import { addAddress, removeAddress } from '@/lib/instances/address'
import { editInstance } from '@/lib/instances/edit'
import { instanceNamed } from '@/lib/instances/queries'
import { reinstateInstance, retireInstance } from '@/lib/instances/retire'

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}
/** A copy's original is chosen from a list or, where that would be too long, typed as a short ID. */
async function original(form: FormData, organizationId: string): Promise<string> {
  const typed = text(form, 'testOfId').trim()
  // Of what Postgres takes for no text, the command says that it is wrong.
  if (!typed || typed.includes('\0')) return typed
  const named = await asOrganization(organizationId, (tx) => instanceNamed(tx, organizationId, typed))
  return named?.id ?? typed
}
/** What the command's schema does not know it refuses, with a sentence at the field. */
const environment = (form: FormData) => text(form, 'environment') as 'production' | 'test'

export async function add(_state: FormState, form: FormData): Promise<FormState> {
  return act('instance.add', form, async ({ by, organization }) => {
    const testOfId = await original(form, organization.organizationId)
    const { instanceId } = await addInstance(by, {
      label: text(form, 'label'),
      url: text(form, 'url'),
      environment: environment(form),
      ...(testOfId ? { testOfId } : {}),
      glpiVersion: text(form, 'glpiVersion'),
    })
    if (text(form, 'from') === 'buy') redirect(`/${organization.slug}/billing/buy?done=added`)
    redirect(`/${organization.slug}/instances/${instanceId}?done=added`)
  })
}

export async function edit(_state: FormState, form: FormData): Promise<FormState> {
  return act('instance.edit', form, async ({ by, organization }) => {
    const instanceId = text(form, 'instanceId')
    await editInstance(by, {
      instanceId,
      label: text(form, 'label'),
      environment: environment(form),
      testOfId: await original(form, organization.organizationId),
      glpiVersion: text(form, 'glpiVersion'),
      asksPortal: form.has('asksPortal'),
      ...(form.has('edition') ? { edition: text(form, 'edition') } : {}),
    })
    redirect(`/${organization.slug}/instances/${instanceId}?done=edited`)
  })
}

export async function addFurtherAddress(_state: FormState, form: FormData): Promise<FormState> {
  return act('address.add', form, async ({ by, organization }) => {
    const instanceId = text(form, 'instanceId')
    await addAddress(by, { instanceId, url: text(form, 'url') })
    redirect(`/${organization.slug}/instances/${instanceId}/edit?done=address_added`)
  })
}

export async function removeFurtherAddress(_state: FormState, form: FormData): Promise<FormState> {
  return act('address.remove', form, async ({ by, organization }) => {
    const instanceId = text(form, 'instanceId')
    await removeAddress(by, { instanceId, addressId: text(form, 'addressId') })
    redirect(`/${organization.slug}/instances/${instanceId}/edit?done=address_removed`)
  })
}

export async function retire(_state: FormState, form: FormData): Promise<FormState> {
  return act('instance.retire', form, async ({ by, organization }) => {
    const instanceId = text(form, 'instanceId')
    await retireInstance(by, { instanceId })
    redirect(`/${organization.slug}/instances/${instanceId}?done=retired`)
  })
}

export async function reinstate(_state: FormState, form: FormData): Promise<FormState> {
  return act('instance.reinstate', form, async ({ by, organization }) => {
    const instanceId = text(form, 'instanceId')
    await reinstateInstance(by, { instanceId })
    redirect(`/${organization.slug}/instances/${instanceId}?done=reinstated`)
  })
}
