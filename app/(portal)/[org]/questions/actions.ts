'use server'

import { redirect } from 'next/navigation'
import { act } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import { answerQuestion } from '@/lib/activations/answer'
import { answerAll } from '@/lib/activations/answer-all'
import { type QuestionAnswer, whatFollows } from '@/lib/activations/rules'

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

/** What the field of each question on the page begins with; its ID follows. */
const edition = 'edition.'

export async function answer(_state: FormState, form: FormData): Promise<FormState> {
  return act('question.answer', form, async ({ by, organization }) => {
    // What the command's schema does not know it refuses.
    const answer = text(form, 'answer') as QuestionAnswer
    const { kind } = await answerQuestion(by, {
      questionId: text(form, 'questionId'),
      answer,
      edition: text(form, 'edition'),
      ...(form.has('label') ? { label: text(form, 'label') } : {}),
      ...(form.has('url') ? { url: text(form, 'url') } : {}),
    })
    redirect(`/${organization.slug}/questions?done=${whatFollows(kind, answer)}`)
  })
}

export async function answerNoneOurs(_state: FormState, form: FormData): Promise<FormState> {
  return act('question.answer_all', form, async ({ by, organization }) => {
    const editions = [...form].flatMap(([name, value]) =>
      name.startsWith(edition) ? [[name.slice(edition.length), String(value)]] : [],
    )
    const { count } = await answerAll(by, {
      keyId: text(form, 'keyId'),
      editions: Object.fromEntries(editions),
      madeAt: text(form, 'madeAt'),
    })
    redirect(`/${organization.slug}/questions?done=none_ours&count=${count}`)
  })
}
