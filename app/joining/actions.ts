'use server'

import { redirect } from 'next/navigation'
import { actAsPerson } from '@/app/_request/act'
import { attempted } from '@/app/_request/attempt'
import type { FormState } from '@/components/form-state'
import { now } from '@/lib/clock'
import { NotFound } from '@/lib/errors'
import { withdrawRequest } from '@/lib/organizations/reply'
import { joinRequestsOf } from '@/lib/organizations/requests'

/** Takes back what one has asked to join. */
export async function withdrawOwn(_state: FormState, form: FormData): Promise<FormState> {
  return actAsPerson('request.withdraw', form, async ({ session }) => {
    const { personId } = session
    const asked = (await joinRequestsOf(personId, now())).find(({ id }) => id === form.get('requestId'))
    if (!asked) {
      await attempted('request.withdraw', personId, 'not_found')
      throw new NotFound('request')
    }
    const { organizationId, id: requestId } = asked
    await withdrawRequest({ actor: { kind: 'person', personId }, organizationId }, { requestId })
    redirect(session.memberships.length > 0 ? '/account#joining' : '/')
  })
}
