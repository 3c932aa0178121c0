import { and, asc, desc, eq, gte, inArray, isNull, ne, or, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { products } from '@/db/schema/catalog'
import { instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import { organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { requestAnswers, requests } from '@/db/schema/requests'
import { asSystem, type OrganizationTx, type StaffTx, type SystemTx } from '@/db/scope'
import { requestState } from './rules'

const tried = alias(keys, 'tried')

const columns = {
  id: requests.id,
  organizationId: requests.organizationId,
  slug: organizations.slug,
  organization: organizations.name,
  timeZone: organizations.timeZone,
  kind: requests.kind,
  reason: requests.reason,
  /** Why a trial waits: for staff alone to see. */
  doubt: requests.doubt,
  askedAt: requests.askedAt,
  closedAt: requests.closedAt,
  /** Of joining: until then the owners alone decide. */
  ownersUntil: requests.ownersUntil,
  askedById: requests.askedById,
  asker: sql<string>`coalesce(nullif(${people.name}, ''), ${people.email})`,
  email: people.email,
  productId: sql<string | null>`${products.id}`,
  product: products.name,
  trialDays: products.trialDays,
  moreTrialDays: products.moreTrialDays,
  instanceId: sql<string | null>`${instances.id}`,
  instance: instances.label,
  /** Of the trial that more time is asked for. */
  keyId: requests.keyId,
  shortId: tried.shortId,
  endsAt: sql<Date | null>`${tried.endsAt}`.mapWith(tried.endsAt),
}

/** A request with what it is about, by name, and how it stands. */
export type RequestRow = Awaited<ReturnType<typeof requestRows>>[number]

/** Requests by the names of what they are about: no more than are asked for. */
export async function requestRows(
  tx: OrganizationTx | StaffTx | SystemTx,
  where: SQL | undefined,
  { order = [asc(requests.askedAt), asc(requests.id)], limit }: { order?: SQL[]; limit: number },
) {
  const rows = await tx
    .select(columns)
    .from(requests)
    .innerJoin(organizations, eq(organizations.id, requests.organizationId))
    .innerJoin(people, eq(people.id, requests.askedById))
    .leftJoin(tried, and(eq(tried.organizationId, requests.organizationId), eq(tried.id, requests.keyId)))
    .leftJoin(products, sql`${products.id} = coalesce(${requests.productId}, ${tried.productId})`)
    .leftJoin(
      instances,
      and(
        eq(instances.organizationId, requests.organizationId),
        sql`${instances.id} = coalesce(${requests.instanceId}, ${tried.instanceId})`,
      ),
    )
    .where(where)
    .orderBy(...order)
    .limit(limit)
  const answers = await answersOf(tx, rows)
  return rows.map((row) => {
    const given = answers.filter(({ requestId }) => requestId === row.id)
    return { ...row, answers: given, state: requestState(given.at(-1)?.answer ?? null) }
  })
}

/** What was said of these requests, in the order in which it was. */
function answersOf(
  tx: OrganizationTx | StaffTx | SystemTx,
  asked: readonly { id: string; organizationId: string }[],
) {
  return tx
    .select({
      id: requestAnswers.id,
      requestId: requestAnswers.requestId,
      answer: requestAnswers.answer,
      note: requestAnswers.note,
      givenById: requestAnswers.givenById,
      by: sql<string>`coalesce(nullif(${people.name}, ''), ${people.email})`,
      givenAt: requestAnswers.givenAt,
    })
    .from(requestAnswers)
    .innerJoin(people, eq(people.id, requestAnswers.givenById))
    .where(
      and(
        inArray(
          requestAnswers.organizationId,
          asked.map(({ organizationId }) => organizationId),
        ),
        inArray(
          requestAnswers.requestId,
          asked.map(({ id }) => id),
        ),
      ),
    )
    .orderBy(asc(requestAnswers.givenAt), asc(requestAnswers.id))
}

/** One request; undefined where the organization has none such. */
export async function findRequest(tx: OrganizationTx, organizationId: string, requestId: string) {
  const its = and(eq(requests.organizationId, organizationId), eq(requests.id, requestId))
  const [found] = await requestRows(tx, its, { limit: 1 })
  return found
}

/** Days for which those who asked still read what was answered. */
const shownDays = 30
/** Of an organization: one is open of each trial and product, so they are few. */
const mostShown = 50

/** What members have asked for about trials: what is open, and of late what was decided or taken back; the last first. */
export function trialRequests(tx: OrganizationTx, organizationId: string, now: Date) {
  const since = new Date(now.getTime() - shownDays * 86_400_000)
  const shown = and(
    eq(requests.organizationId, organizationId),
    ne(requests.kind, 'join'),
    or(isNull(requests.closedAt), gte(requests.closedAt, since)),
  )
  return requestRows(tx, shown, { order: [desc(requests.askedAt), desc(requests.id)], limit: mostShown })
}

const openJoin = (organizationId: string) =>
  and(eq(requests.organizationId, organizationId), eq(requests.kind, 'join'), isNull(requests.closedAt))

/** Who asks to join the organization, the first first. */
export const joinRequests = (tx: OrganizationTx, organizationId: string) =>
  requestRows(tx, openJoin(organizationId), { limit: mostShown })

/** How many ask to join the organization. */
export const countJoinRequests = (tx: OrganizationTx, organizationId: string): Promise<number> =>
  tx.$count(requests, openJoin(organizationId))

/** What somebody has asked to join, whatever organization it is: what is open, and of late what was answered; the last first. */
export function joinRequestsOf(personId: string, now: Date): Promise<RequestRow[]> {
  const since = new Date(now.getTime() - shownDays * 86_400_000)
  const own = and(
    eq(requests.askedById, personId),
    eq(requests.kind, 'join'),
    or(isNull(requests.closedAt), gte(requests.closedAt, since)),
  )
  return asSystem('what somebody has asked to join', (tx) =>
    requestRows(tx, own, { order: [desc(requests.askedAt), desc(requests.id)], limit: mostShown }),
  )
}
