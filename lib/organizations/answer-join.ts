import { z } from 'zod'
import { memberships } from '@/db/schema/organizations'
import { isStaffRole, type MemberRole, memberRoles } from '@/lib/access'
import { command, type Scope } from '@/lib/command'
import { InvalidInput, NotFound, Refused } from '@/lib/errors'
import { enqueue } from '@/lib/jobs/enqueue'
import { Note, withoutKeys } from '@/lib/keys/free-text'
import { nameOf } from './person'
import { answerRequest, lockRequest } from './request'
import { mayAnswer, mayAnswerJoin } from './rules'
import { worksForVendor } from './vendor'

const AnswerJoin = z.object({
  requestId: z.uuid('not_found'),
  answer: z.enum(['approved', 'declined'], 'required'),
  /** Of who is let in. */
  role: z.enum(memberRoles, 'required').default('viewer'),
  /** Read by who asked; needed to decline. */
  note: Note.optional(),
})

/**
 * Lets in who asked to join, with a role, or declines it. Their address is confirmed, so that they are a member at once; whoever
 * has become one otherwise meanwhile stays what they are.
 * @throws NotFound; Refused with the verdict of `mayAnswer` or `mayAnswerJoin`, or `works_for_vendor`
 */
export const answerJoin = command(
  'member.answer_join',
  AnswerJoin,
  async (scope, { requestId, answer, role, note: written }) => {
    const { tx, organizationId, personId, now, audit } = scope
    if (!personId) throw new TypeError('only people decide')
    const note = (await withoutKeys(tx, written ?? '')) || null
    if (answer === 'declined' && !note) throw new InvalidInput({ note: 'required' })
    const request = await lockRequest(tx, organizationId, requestId)
    const { askedById, ownersUntil, state } = request
    if (request.kind !== 'join' || !ownersUntil) throw new NotFound('request')
    const open = mayAnswer(state, answer)
    if (!open.ok) throw new Refused(open.because)
    const verdict = mayAnswerJoin(isStaffRole(scope.role), ownersUntil, now)
    if (!verdict.ok) throw new Refused(verdict.because)
    if (answer === 'approved') await letIn(scope, askedById, role)
    await answerRequest(tx, { request, answer, personId, note, now })
    await enqueue(tx, 'mail.request_answered', { organizationId, requestId })
    const email = await nameOf(tx, askedById)
    audit({ details: { request: requestId, email, role, answer, ...(note && { note }) } })
  },
  { membersInTurn: true },
)

async function letIn({ tx, organizationId, now }: Scope, personId: string, role: MemberRole) {
  const email = await nameOf(tx, personId)
  if (await worksForVendor(tx, personId)) throw new Refused('works_for_vendor', { email })
  await tx
    .insert(memberships)
    .values({ organizationId, personId, role, createdAt: now })
    .onConflictDoNothing()
}
