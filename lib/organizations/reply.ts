import { z } from 'zod'
import { command, type Scope } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { enqueue } from '@/lib/jobs/enqueue'
import { withoutKeys } from '@/lib/keys/free-text'
import { answerRequest, lockRequest } from './request'

const requestId = z.uuid('not_found')
const Reply = z.object({
  requestId,
  note: z.string('required').trim().min(1, 'required').max(1_000, 'too_long'),
})

/** Answers what was asked back about one's own request. @throws NotFound for another's; Refused with the verdict of `mayAnswer` */
export const replyToRequest = command('request.reply', Reply, async (scope, input) => {
  const { tx, organizationId, now, audit } = scope
  const { request, personId } = await ownRequest(scope, input.requestId)
  const note = await withoutKeys(tx, input.note)
  await answerRequest(tx, { request, answer: 'replied', personId, note, now })
  await enqueue(tx, 'mail.request_asked', { organizationId, requestId: request.id })
  audit({ ...of(request), details: { request: request.id, kind: request.kind, note } })
})

/** Takes one's own request back, as long as it is not decided. @throws as `replyToRequest` does */
export const withdrawRequest = command('request.withdraw', z.object({ requestId }), async (scope, input) => {
  const { tx, now, audit } = scope
  const { request, personId } = await ownRequest(scope, input.requestId)
  await answerRequest(tx, { request, answer: 'withdrawn', personId, note: null, now })
  audit({ ...of(request), details: { request: request.id, kind: request.kind } })
})

/** Who is no member any more has nothing to say here, but for what they asked so as to become one. */
async function ownRequest({ tx, organizationId, personId, role }: Scope, id: string) {
  const request = await lockRequest(tx, organizationId, id)
  const isTheirs = request.askedById === personId && (role !== 'person' || request.kind === 'join')
  if (!personId || !isTheirs) throw new NotFound('request')
  return { request, personId }
}

const of = ({ keyId, instanceId }: { keyId: string | null; instanceId: string | null }) => ({
  ...(keyId && { keyId }),
  ...(instanceId && { instanceId }),
})
