'use server'

import { redirect } from 'next/navigation'
import { act } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import { decideRequest } from '@/lib/staff/decide'

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

/** Which button was pressed is the answer. */
export async function decide(_state: FormState, form: FormData): Promise<FormState> {
  return act('request.decide', form, async ({ by }) => {
    const [days, answer] = [text(form, 'days'), text(form, 'answer') as 'approved'] // what it is not, the command refuses
    await decideRequest(by, {
      requestId: text(form, 'requestId'),
      answer,
      note: text(form, 'note'),
      // Of what is no number, the command says that it is wrong.
      ...(days && { days: Number(days) }),
    })
    redirect(`/staff/requests?done=${answer}`)
  })
}
