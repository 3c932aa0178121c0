'use server'

import { redirect } from 'next/navigation'
import { actAlone, failure } from '@/app/_request/act'
import { attempted } from '@/app/_request/attempt'
import { invitationAddress, invitationOf, isToken } from '@/app/_request/invited'
import type { FormState } from '@/components/form-state'
import { acceptInvitation } from '@/lib/organizations/accept'

/** Joins. The mail's link only shows the button that sends this: mail scanners open links too. */
export async function accept(_state: FormState, form: FormData): Promise<FormState> {
  return actAlone('invitation.accept', form, async ({ session, t }) => {
    const token = form.get('token')
    if (!session) {
      await attempted('invitation.accept', null, 'signed_out')
      const href = `/sign-in?to=${encodeURIComponent(invitationAddress(token))}`
      return { ...failure(form, t('errors.signed_out')), signIn: { text: t('errors.sign_in_again'), href } }
    }
    const invitation = await invitationOf(token)
    if (!invitation || !isToken(token)) {
      await attempted('invitation.accept', session.personId, 'not_found')
      return failure(form, t('members.join.unknown'))
    }
    const { organizationId, slug } = invitation
    await acceptInvitation(
      { actor: { kind: 'person', personId: session.personId }, organizationId },
      { token },
    )
    redirect(`/${slug}/members?done=joined`)
  })
}
