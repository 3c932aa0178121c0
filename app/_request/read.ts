import { asOrganization, type OrganizationTx } from '@/db/scope'
import { type QuietInstances, quietInstances } from '@/lib/activations/contacts'
import { countQuestions, type QuestionCount } from '@/lib/activations/questions'
import { now } from '@/lib/clock'
import { type Attention, attention } from '@/lib/keys/attention'
import type { Visit } from './session'

/** What wants somebody: the lines of the overview, and what stands beside them. */
export interface Wanting {
  attention: Attention
  quiet: QuietInstances
}

/**
 * Reads what a page of the organization shows, in one transaction, with what wants somebody: lines, GLPIs that stopped,
 * questions. `work` is not kept waiting for those: what it asks for meanwhile goes to the database together with them.
 */
export async function read<T>(
  visit: Visit,
  work: (tx: OrganizationTx, now: Date, wanting: Promise<Wanting>) => Promise<T>,
): Promise<Wanting & { data: T; questions: QuestionCount; needs: number; at: Date }> {
  const at = now()
  const { organizationId, timeZone } = visit.organization
  return asOrganization(organizationId, async (tx) => {
    const wanting = readWanting(tx, organizationId, timeZone, at)
    const counted = countQuestions(tx, organizationId)
    const [{ attention, quiet }, questions, data] = await Promise.all([
      wanting,
      counted,
      work(tx, at, wanting),
    ])
    const needs = attention.lines.length + quiet.stopped.length + questions.open
    return { attention, quiet, questions, needs, data, at }
  })
}

async function readWanting(
  tx: OrganizationTx,
  organizationId: string,
  timeZone: string,
  at: Date,
): Promise<Wanting> {
  const [found, quiet] = await Promise.all([
    attention(tx, organizationId, timeZone, at),
    quietInstances(tx, organizationId, at),
  ])
  return { attention: found, quiet }
}
