import { and, desc, eq } from 'drizzle-orm'
import { isTaken } from '@/db/failures'
import { noEarlier } from '@/db/no-earlier'
import { requestAnswers, requests, type trialDoubt } from '@/db/schema/requests'
import type { OrganizationTx } from '@/db/scope'
import { Conflict, NotFound, Refused } from '@/lib/errors'
import { newId } from '@/lib/ids'
import { enqueue } from '@/lib/jobs/enqueue'
import { mayAnswer, type RequestAnswer, requestState } from './rules'

type TrialDoubt = (typeof trialDoubt.enumValues)[number]

interface Asked {
  organizationId: string
  /** Who asks. */
  personId: string
  /** Without a key in it; null where nothing needs to be said. */
  reason: string | null
  now: Date
  about:
    | { kind: 'join'; keyId: string | null; ownersUntil: Date }
    | { kind: 'trial'; productId: string; instanceId: string | null; doubt?: TrialDoubt }
    | { kind: 'second_trial'; productId: string; instanceId: string | null }
    | { kind: 'trial_time'; keyId: string }
}

/**
 * Asks the account manager, or of joining the owners, to decide something. The account managers are told by mail; of joining
 * the owners are, by the caller, and the account managers where the owners have not answered in their time.
 * @returns the request's ID
 * @throws Conflict `already_asked` where the same is asked already
 */
export async function openRequest(
  tx: OrganizationTx,
  { organizationId, personId, reason, now, about }: Asked,
): Promise<string> {
  const id = newId(now)
  await tx
    .insert(requests)
    .values({ id, organizationId, askedById: personId, askedAt: now, reason, ...about })
    .catch((error: unknown) => {
      throw isTaken(error) ? new Conflict('already_asked') : error
    })
  const options = about.kind === 'join' ? { runAt: about.ownersUntil } : {}
  await enqueue(tx, 'mail.request_asked', { organizationId, requestId: id }, options)
  return id
}

/** A request with how it stands, held until the commit. @throws NotFound */
export async function lockRequest(tx: OrganizationTx, organizationId: string, requestId: string) {
  const [request] = await tx
    .select()
    .from(requests)
    .where(and(eq(requests.organizationId, organizationId), eq(requests.id, requestId)))
    .for('update')
  if (!request) throw new NotFound('request')
  const [last] = await tx
    .select({ answer: requestAnswers.answer })
    .from(requestAnswers)
    .where(and(eq(requestAnswers.organizationId, organizationId), eq(requestAnswers.requestId, requestId)))
    .orderBy(desc(requestAnswers.givenAt), desc(requestAnswers.id))
    .limit(1)
  return { ...request, state: requestState(last?.answer ?? null) }
}

interface Given {
  /** Locked. */
  request: Awaited<ReturnType<typeof lockRequest>>
  answer: RequestAnswer
  /** Who answers. */
  personId: string
  /** Without a key in it. */
  note: string | null
  now: Date
}

/**
 * Writes an answer to a request, and its end where the answer is one. What was approved, the caller does.
 * @throws Refused with the verdict of `mayAnswer`
 */
export async function answerRequest(tx: OrganizationTx, { request, answer, personId, note, now }: Given) {
  const verdict = mayAnswer(request.state, answer)
  if (!verdict.ok) throw new Refused(verdict.because)
  const { organizationId, id: requestId } = request
  await tx
    .insert(requestAnswers)
    .values({ id: newId(now), organizationId, requestId, answer, note, givenById: personId, givenAt: now })
  if (answer === 'asked_back' || answer === 'replied') return
  await tx
    .update(requests)
    .set({ closedAt: noEarlier(now, requests.askedAt) })
    .where(and(eq(requests.organizationId, organizationId), eq(requests.id, requestId)))
}
