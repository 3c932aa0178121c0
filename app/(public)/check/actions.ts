'use server'

import { actAlone } from '@/app/_request/act'
import { currentLanguage, networkAddress } from '@/app/_request/session'
import { type FormState, valuesOf } from '@/components/form-state'
import { diagnose } from '@/lib/activations/diagnosis'
import { type Said, sayDiagnosis } from '@/lib/activations/diagnosis-phrases'
import { readQuestion } from '@/lib/activations/question'
import { findKeys } from '@/lib/keys/format'
import { networkOf } from '@/lib/people/network'

/** Answers what was pasted. That itself does not come back, nor a key from another field, also where it is refused. */
export async function check(_state: FormState<Said>, form: FormData): Promise<FormState<Said>> {
  const state = await actAlone<Said>(null, form, async ({ session }) => {
    const values = valuesOf(form)
    const question = readQuestion(values)
    const from = networkOf(await networkAddress())
    const diagnosis = await diagnose(question, { from, memberships: session?.memberships ?? [] })
    const data = sayDiagnosis(diagnosis, question, await currentLanguage())
    return { status: 'done', message: data.title, data, values }
  })
  if (state.status === 'idle') return state
  const fields = Object.entries(state.values ?? {})
  const kept = fields.filter(([name, value]) => name !== 'pasted' && findKeys(value).length === 0)
  return { ...state, values: Object.fromEntries(kept) }
}
