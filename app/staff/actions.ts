'use server'

import { redirect } from 'next/navigation'
import { act, actAsStaff } from '@/app/_request/act'
import type { FormState } from '@/components/form-state'
import type { Language } from '@/lib/messages/translator'
import { createOrganization } from '@/lib/organizations/create'
import { inviteMember } from '@/lib/organizations/invite'
import { slugify } from '@/lib/organizations/slug'
import { closeQuestion } from '@/lib/payments/close-question'
import { addStaff } from '@/lib/staff/add'
import { assign, unassign } from '@/lib/staff/assign'
import { closeFile } from '@/lib/staff/close-file'
import { endStaff } from '@/lib/staff/end'

const text = (form: FormData, name: string) => {
  const value = form.get(name)
  return typeof value === 'string' ? value : ''
}

/** The organization, and where an address is given the invitation of its owner. */
export async function createCustomer(_state: FormState, form: FormData): Promise<FormState> {
  return actAsStaff('organization.create', form, async ({ by, session }) => {
    const name = text(form, 'name')
    const slug = text(form, 'slug') || slugify(name, by.idempotencyKey?.slice(-4) ?? '')
    const email = text(form, 'email').trim()
    const owner = email ? { email } : {}
    const made = await createOrganization(by, { name, slug, timeZone: text(form, 'timeZone'), ...owner })
    // Left out, it is the inviter's own; what is no language the command refuses.
    const language = (text(form, 'language') || undefined) as Language | undefined
    if (email) {
      const actor = { kind: 'staff', personId: session.personId } as const
      await inviteMember(
        { ...by, actor, organizationId: made.organizationId },
        { email, role: 'owner', language },
      )
    }
    redirect(`/${made.slug}/members${email ? '?done=invited' : ''}`)
  })
}

export async function addToStaff(_state: FormState, form: FormData): Promise<FormState> {
  return actAsStaff('staff.add', form, async ({ by }) => {
    const role = text(form, 'role') === 'admin' ? 'admin' : 'account_manager'
    await addStaff(by, { email: text(form, 'email'), name: text(form, 'name'), role })
    redirect('/staff/people?done=added')
  })
}

export async function closePaymentQuestion(_state: FormState, form: FormData): Promise<FormState> {
  return act('invoice.close_question', form, async ({ by }) => {
    await closeQuestion(by, { questionId: text(form, 'questionId') })
    redirect('/staff')
  })
}

export async function closeOfflineFile(_state: FormState, form: FormData): Promise<FormState> {
  return act('offline_file.close', form, async ({ by }) => {
    await closeFile(by, { fileId: text(form, 'fileId') })
    redirect('/staff')
  })
}

export async function endForStaff(_state: FormState, form: FormData): Promise<FormState> {
  return actAsStaff('staff.end', form, async ({ by }) => {
    await endStaff(by, { staffId: text(form, 'staffId') })
    redirect('/staff/people?done=ended')
  })
}

export async function assignTo(_state: FormState, form: FormData): Promise<FormState> {
  return act('assignment.add', form, async ({ by }) => {
    await assign(by, { staffId: text(form, 'staffId') })
    redirect('/staff/people?done=assigned')
  })
}

export async function takeAway(_state: FormState, form: FormData): Promise<FormState> {
  return act('assignment.remove', form, async ({ by }) => {
    await unassign(by, { staffId: text(form, 'staffId') })
    redirect('/staff/people?done=unassigned')
  })
}
