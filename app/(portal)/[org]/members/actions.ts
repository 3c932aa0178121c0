'use server'

import { redirect } from 'next/navigation'
import { act } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import type { MemberRole } from '@/lib/access'
import type { Language } from '@/lib/messages/translator'
import { answerJoin } from '@/lib/organizations/answer-join'
import { changeRole } from '@/lib/organizations/change-role'
import { inviteMember, withdrawInvitation } from '@/lib/organizations/invite'
import { leaveOrganization, removeMember } from '@/lib/organizations/remove'

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}
/** What the command's schema does not know it refuses, with a sentence at the field. */
const role = (form: FormData) => text(form, 'role') as MemberRole

export async function invite(_state: FormState, form: FormData): Promise<FormState> {
  return act('member.invite', form, async ({ by, organization }) => {
    // Left out, it is the inviter's own; what is no language the command refuses.
    const language = (text(form, 'language') || undefined) as Language | undefined
    await inviteMember(by, { email: text(form, 'email'), role: role(form), language })
    redirect(`/${organization.slug}/members?done=invited`)
  })
}

export async function withdraw(_state: FormState, form: FormData): Promise<FormState> {
  return act('member.withdraw_invitation', form, async ({ by, organization }) => {
    await withdrawInvitation(by, { invitationId: text(form, 'invitationId') })
    redirect(`/${organization.slug}/members?done=withdrawn`)
  })
}

export async function setRole(_state: FormState, form: FormData): Promise<FormState> {
  return act('member.change_role', form, async ({ by, organization }) => {
    await changeRole(by, { memberId: text(form, 'memberId'), role: role(form) })
    redirect(`/${organization.slug}/members?done=changed`)
  })
}

export async function remove(_state: FormState, form: FormData): Promise<FormState> {
  return act('member.remove', form, async ({ by, organization, session }) => {
    const memberId = text(form, 'memberId')
    await removeMember(by, { memberId })
    // Who removed themselves has no session left to look with.
    redirect(memberId === session.personId ? '/sign-in' : `/${organization.slug}/members?done=removed`)
  })
}

export async function leave(_state: FormState, form: FormData): Promise<FormState> {
  return act('member.leave', form, async ({ by }) => {
    await leaveOrganization(by, {})
    redirect('/')
  })
}

/** Of who asks to join: which button was pressed is the answer. Staff come back to where they came from. */
export async function answerAsked(_state: FormState, form: FormData): Promise<FormState> {
  return act('member.answer_join', form, async ({ by, organization }) => {
    const answer = text(form, 'answer') as 'approved' // what it is not, the command refuses
    await answerJoin(by, {
      requestId: text(form, 'requestId'),
      answer,
      role: role(form),
      note: text(form, 'note'),
    })
    const isQueue = form.get('from') === 'queue'
    redirect(isQueue ? `/staff/requests?done=${answer}` : `/${organization.slug}/members?done=${answer}`)
  })
}
