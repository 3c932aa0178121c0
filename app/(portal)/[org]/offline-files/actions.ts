'use server'

import { redirect } from 'next/navigation'
import { act } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import { declareGone } from '@/lib/activations/offline'

export async function gone(_state: FormState, form: FormData): Promise<FormState> {
  return act('offline_file.declare_gone', form, async ({ by, organization }) => {
    const fileId = String(form.get('fileId'))
    const { instanceId } = await declareGone(by, { fileId })
    redirect(`/${organization.slug}/instances/${instanceId}/offline?gone=${fileId}`)
  })
}
