import { asOrganization, type OrganizationTx } from '@/db/scope'
import { may } from '@/lib/access'
import { type QuietInstances, quietInstances } from '@/lib/activations/contacts'
import { countQuestions, type QuestionCount } from '@/lib/activations/questions'
import { now } from '@/lib/clock'
import { type Attention, attention } from '@/lib/keys/attention'
import { countJoinRequests } from '@/lib/organizations/requests'
import { type FailedPayment, failedPayments, stillToPay } from '@/lib/payments/failed-payments'
import { sells } from '@/lib/payments/stripe'
import type { Visit } from './session'

/** What wants somebody: the lines of the overview, and what stands beside them. */
export interface Wanting {
  attention: Attention
  quiet: QuietInstances
  /** Told to who may pay. */
  failed: FailedPayment[]
  /** How many ask to join; told to who may let them in. */
  joining: number
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
  const { organizationId } = visit.organization
  return asOrganization(organizationId, async (tx) => {
    const wanting = readWanting(tx, visit, at)
    const counted = countQuestions(tx, organizationId)
    const [{ attention, quiet, failed, joining }, questions, data] = await Promise.all([
      wanting,
      counted,
      work(tx, at, wanting),
    ])
    const needs = attention.lines.length + quiet.stopped.length + failed.length + questions.open + joining
    return { attention, quiet, failed, joining, questions, needs, data, at }
  })
}

async function readWanting(tx: OrganizationTx, { organization }: Visit, at: Date): Promise<Wanting> {
  const { organizationId, timeZone, role } = organization
  const mayPay = sells() && may(role, 'checkout.begin')
  const [found, quiet, failed, joining] = await Promise.all([
    attention(tx, organizationId, timeZone, at),
    quietInstances(tx, organizationId, at),
    mayPay ? failedPayments(tx, organizationId, at) : [],
    role === 'owner' ? countJoinRequests(tx, organizationId) : 0,
  ])
  return { attention: found, quiet, failed: stillToPay(failed), joining }
}
