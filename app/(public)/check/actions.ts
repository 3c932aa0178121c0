'use server'

import { actAlone, failure } from '@/app/_request/act'
import { attempted } from '@/app/_request/attempt'
import { currentLanguage, currentTranslator, networkAddress } from '@/app/_request/session'
import { type FormState, valuesOf } from '@/components/form-state'
import { askToJoin, readProof } from '@/lib/activations/ask-to-join'
import { diagnose } from '@/lib/activations/diagnosis'
import { type Said, sayDiagnosis } from '@/lib/activations/diagnosis-phrases'
import { readQuestion } from '@/lib/activations/question'
import { now } from '@/lib/clock'
import { NotFound } from '@/lib/errors'
import { holdsKey } from '@/lib/keys/format'
import { beginsAsKey } from '@/lib/keys/mistyped'
import { networkOf } from '@/lib/network'
import { tokenPattern } from '@/lib/organizations/rules'

/** Whose key it was, the proof says; that it is theirs who sends it, too. A form of its own: Enter in the other asks nobody. */
export async function askOwners(_state: FormState, form: FormData): Promise<FormState> {
  return actAlone('member.ask_to_join', form, async ({ session, t }) => {
    if (!session) {
      await attempted('member.ask_to_join', null, 'signed_out')
      const href = '/sign-in?to=%2Fcheck'
      return { ...failure(form, t('errors.signed_out')), signIn: { text: t('errors.sign_in_again'), href } }
    }
    const { personId } = session
    const proof = String(form.get('ask') ?? '')
    const shown = readProof(proof, personId, now())
    if (!shown) {
      await attempted('member.ask_to_join', personId, 'not_found')
      throw new NotFound('key')
    }
    const { organizationId, once } = shown
    const by = { actor: { kind: 'person', personId }, organizationId, idempotencyKey: once } as const
    await askToJoin(by, { proof })
    return { status: 'done', message: t('check.asked'), data: null }
  })
}

/** Answers what was pasted. That itself does not come back, nor a key or an API token from another field, also where it is refused. */
export async function check(_state: FormState<Said>, form: FormData): Promise<FormState<Said>> {
  const state = await actAlone<Said>(null, form, async ({ session }) => {
    const values = valuesOf(form)
    const question = readQuestion(values)
    const from = networkOf(await networkAddress())
    const diagnosis = await diagnose(question, {
      from,
      memberships: session?.memberships ?? [],
      personId: session?.personId ?? null,
      isStaff: !!session?.staff,
    })
    const data = sayDiagnosis(diagnosis, question, await currentLanguage())
    return { status: 'done', message: data.title, data, values }
  })
  if (state.status === 'idle') return state
  const fields = Object.entries(state.values ?? {})
  const isSecret = (value: string) => holdsKey(value) || beginsAsKey(value) || tokenPattern.test(value)
  const kept = fields.filter(([name, value]) => name !== 'pasted' && !isSecret(value))
  const values = Object.fromEntries(kept)
  if (state.status === 'done' || !state.values.pasted?.trim()) return { ...state, values }
  const pasted = (await currentTranslator())('check.paste_again')
  return { ...state, values, fields: { pasted, ...state.fields } }
}
