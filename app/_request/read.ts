import { asOrganization, type OrganizationTx } from '@/db/scope'
import { countQuestions, type QuestionCount } from '@/lib/activations/questions'
import { now } from '@/lib/clock'
import { type Attention, attention } from '@/lib/keys/attention'
import type { Visit } from './session'

/**
 * Reads what a page of the organization shows, in one transaction, with the lines and questions that want somebody. `work` is not kept
 * waiting for those: what it asks for meanwhile goes to the database together with them.
 */
export async function read<T>(
  visit: Visit,
  work: (tx: OrganizationTx, now: Date, attention: Promise<Attention>) => Promise<T>,
): Promise<{ data: T; attention: Attention; questions: QuestionCount; needs: number; at: Date }> {
  const at = now()
  const { organizationId, timeZone } = visit.organization
  return asOrganization(organizationId, async (tx) => {
    const needed = attention(tx, organizationId, timeZone, at)
    const counted = countQuestions(tx, organizationId)
    const [found, questions, data] = await Promise.all([needed, counted, work(tx, at, needed)])
    return { attention: found, questions, needs: found.lines.length + questions.open, data, at }
  })
}
