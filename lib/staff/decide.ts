import { z } from 'zod'
import { command, type Scope } from '@/lib/command'
import { InvalidInput, Refused } from '@/lib/errors'
import { enqueue } from '@/lib/jobs/enqueue'
import { Note, withoutKeys } from '@/lib/keys/free-text'
import { at } from '@/lib/keys/issue'
import { answerRequest, lockRequest } from '@/lib/organizations/request'
import { findRequest } from '@/lib/organizations/requests'
import { mayAnswer } from '@/lib/organizations/rules'
import { grantTrialTime, issueTrial } from '@/lib/trials/grant'

const Decide = z.object({
  requestId: z.uuid('not_found'),
  answer: z.enum(['approved', 'declined', 'asked_back'], 'required'),
  /** Read by who asked; needed but for an approval. */
  note: Note.optional(),
  /** Of more time that is approved. */
  days: z.number('required').int('invalid').min(1, 'invalid').max(999, 'invalid').optional(),
})

type Request = Awaited<ReturnType<typeof lockRequest>>

/**
 * Approves a request and does what it asks for, declines it, or asks back what is to be known first.
 * @throws NotFound; Refused with the verdict of `mayAnswer`, or `decided_by_owners` for who asks to join; and, where what is
 * asked for cannot be any more, with the verdict of its rule.
 */
export const decideRequest = command('request.decide', Decide, async (scope, input) => {
  const { tx, organizationId, personId, now, audit } = scope
  if (!personId) throw new Error('only staff decide')
  const { answer, requestId, days } = input
  const note = (await withoutKeys(tx, input.note ?? '')) || null
  if (answer !== 'approved' && !note) throw new InvalidInput({ note: 'required' })
  const request = await lockRequest(tx, organizationId, requestId)
  if (request.kind === 'join') throw new Refused('decided_by_owners')
  // Before what it asks for is done: of what is over nothing is.
  const verdict = mayAnswer(request.state, answer)
  if (!verdict.ok) throw new Refused(verdict.because)
  const done = answer === 'approved' ? await grant(scope, request, days) : null
  await answerRequest(tx, { request, answer, personId, note, now })
  await enqueue(tx, 'mail.request_answered', { organizationId, requestId })
  const { kind } = request
  const keyId = done?.keyId ?? request.keyId
  const instanceId = done?.instanceId ?? request.instanceId
  const named = await findRequest(tx, organizationId, requestId)
  const facts = done && { shortId: done.shortId, until: done.endsAt.toISOString() }
  const asked = { request: requestId, kind, name: named?.asker ?? '', product: named?.product ?? '' }
  const details = { ...asked, answer, ...facts, ...(note && { note }) }
  audit({ ...(keyId && { keyId }), ...at(instanceId), details })
})

async function grant(scope: Scope, request: Request, days: number | undefined) {
  const { kind, productId, instanceId, keyId, reason } = request
  if (kind === 'trial_time' && keyId) {
    if (days === undefined) throw new InvalidInput({ days: 'required' })
    return grantTrialTime(scope, { keyId, days, reason: reason ?? kind })
  }
  if (!productId) throw new Error(`a request of kind ${kind} names its product`)
  return { ...(await issueTrial(scope, { productId, instanceId }, kind === 'second_trial')), instanceId }
}
