import { and, asc, desc, eq, gte, inArray, isNotNull, isNull, lte, or, type SQL, sql } from 'drizzle-orm'
import { people } from '@/db/schema/people'
import { requests } from '@/db/schema/requests'
import { assignments, staff } from '@/db/schema/staff'
import type { StaffTx } from '@/db/scope'
import { requestRows } from '@/lib/organizations/requests'

export type RequestKind = (typeof requests.$inferSelect)['kind']

export interface QueueFilter {
  /** Whose organizations alone are meant; null: all. */
  assignedTo: string | null
  kind: RequestKind | null
}

/** The last row of a page. */
interface After {
  at: Date
  id: string
}

const ofFilter = ({ assignedTo, kind }: QueueFilter) =>
  and(
    kind ? eq(requests.kind, kind) : undefined,
    assignedTo
      ? sql`exists (select from ${assignments} a
          where a.organization_id = ${requests.organizationId} and a.person_id = ${assignedTo})`
      : undefined,
  )

/** What waits, in whatever organization, the oldest first. */
export const openRequests = (
  tx: StaffTx,
  filter: QueueFilter,
  page: { after?: After | undefined; size: number },
) => requestRows(tx, and(isNull(requests.closedAt), ofFilter(filter), from(page.after)), { limit: page.size })

const from = (after: After | undefined): SQL | undefined =>
  after &&
  sql`(${requests.askedAt}, ${requests.id}) > (${after.at.toISOString()}::timestamptz, ${after.id}::uuid)`

/** Days for which what was decided or taken back is still listed, and how many of them. */
export const closedDays = 30
export const mostClosed = 50

/** What was decided or taken back of late, the last first. */
export const closedRequests = (tx: StaffTx, filter: QueueFilter, now: Date) =>
  requestRows(
    tx,
    and(
      isNotNull(requests.closedAt),
      gte(requests.closedAt, new Date(now.getTime() - closedDays * 86_400_000)),
      ofFilter(filter),
    ),
    { order: [desc(requests.closedAt), desc(requests.id)], limit: mostClosed },
  )

/** How many wait for a decision: not those that wait for a reply, or for the owners of whom somebody asks to join. */
export async function countRequests(tx: StaffTx, filter: QueueFilter, now: Date): Promise<number> {
  const lastAnswer = sql`(select a.answer from request_answers a where a.organization_id = ${requests.organizationId}
    and a.request_id = ${requests.id} order by a.given_at desc, a.id desc limit 1)`
  const waits = sql`${lastAnswer} is distinct from 'asked_back'`
  const isStaffs = or(isNull(requests.ownersUntil), lte(requests.ownersUntil, now))
  return tx.$count(requests, and(isNull(requests.closedAt), ofFilter(filter), waits, isStaffs))
}

/**
 * Who decides for these organizations, by name: who is assigned to each or, under null, the admins, who decide where nobody is.
 */
export async function decidersOf(tx: StaffTx, organizationIds: readonly string[]) {
  const shownName = sql<string>`coalesce(nullif(${people.name}, ''), ${people.email})`
  const admins = await tx
    .select({ name: shownName })
    .from(staff)
    .innerJoin(people, eq(people.id, staff.personId))
    .where(and(eq(staff.role, 'admin'), isNull(staff.endedAt)))
    .orderBy(shownName, asc(people.id))
  const managers = await tx
    .select({ organizationId: assignments.organizationId, name: shownName })
    .from(assignments)
    .innerJoin(staff, and(eq(staff.personId, assignments.personId), isNull(staff.endedAt)))
    .innerJoin(people, eq(people.id, assignments.personId))
    .where(inArray(assignments.organizationId, [...organizationIds]))
    .orderBy(asc(assignments.assignedAt), asc(people.id))
  return (organizationId: string) => {
    const assigned = managers.filter((one) => one.organizationId === organizationId)
    return {
      role: assigned.length > 0 ? 'manager' : 'admin',
      names: (assigned.length > 0 ? assigned : admins).map(toName),
    } as const
  }
}

const toName = ({ name }: { name: string }) => name
