'use server'

import { redirect } from 'next/navigation'
import { type Acting, act } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import { asOrganization } from '@/db/scope'
import { instanceNamed } from '@/lib/instances/queries'
import { issuePermanentKey } from '@/lib/keys/issue'
import { startSubscription } from '@/lib/subscriptions/start'

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

/** What both forms say. An instance is chosen from a list or, where that would be too long, typed as a short ID. */
async function keyOf(form: FormData, { organization: { organizationId } }: Acting) {
  const typed = text(form, 'instanceId').trim()
  // Of what Postgres takes for no text, the command says that it is wrong.
  const named =
    typed && !typed.includes('\0')
      ? await asOrganization(organizationId, (tx) => instanceNamed(tx, organizationId, typed))
      : null
  const instanceId = typed ? (named?.id ?? typed) : null
  return { productId: text(form, 'productId'), instanceId, note: text(form, 'note') }
}

export async function issueSubscription(_state: FormState, form: FormData): Promise<FormState> {
  return act('subscription.start', form, async (acting) => {
    const input = { ...(await keyOf(form, acting)), months: Number(text(form, 'months')) }
    const { keyId } = await startSubscription(acting.by, input)
    redirect(`/${acting.organization.slug}/keys/${keyId}?done=issued`)
  })
}

export async function issuePermanent(_state: FormState, form: FormData): Promise<FormState> {
  return act('key.issue', form, async (acting) => {
    const { keyId } = await issuePermanentKey(acting.by, await keyOf(form, acting))
    redirect(`/${acting.organization.slug}/keys/${keyId}?done=issued`)
  })
}
