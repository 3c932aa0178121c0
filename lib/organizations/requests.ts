import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { products } from '@/db/schema/catalog'
import { instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import { organizations } from '@/db/schema/organizations'
import { people } from '@/db/schema/people'
import { requestAnswers, requests } from '@/db/schema/requests'
import type { OrganizationTx, StaffTx } from '@/db/scope'
import { requestState } from './rules'

const tried = alias(keys, 'tried')

/** A request with what it is about, by name, and how it stands. */
export type RequestRow = Awaited<ReturnType<typeof requestRows>>[number]

/** Requests by the names of what they are about: no more than are asked for. */
export async function requestRows(
  tx: OrganizationTx | StaffTx,
  where: SQL | undefined,
  { order = [asc(requests.askedAt), asc(requests.id)], limit }: { order?: SQL[]; limit: number },
) {
  const rows = await tx
    .select({
      id: requests.id,
      organizationId: requests.organizationId,
      slug: organizations.slug,
      organization: organizations.name,
      timeZone: organizations.timeZone,
      kind: requests.kind,
      reason: requests.reason,
      askedAt: requests.askedAt,
      closedAt: requests.closedAt,
      askedById: requests.askedById,
      asker: sql<string>`coalesce(nullif(${people.name}, ''), ${people.email})`,
      email: people.email,
      productId: sql<string | null>`${products.id}`,
      product: products.name,
      trialDays: products.trialDays,
      instanceId: sql<string | null>`${instances.id}`,
      instance: instances.label,
      instanceShortId: instances.shortId,
      /** Of the trial that more time is asked for. */
      keyId: requests.keyId,
      shortId: tried.shortId,
      endsAt: sql<Date | null>`${tried.endsAt}`.mapWith(tried.endsAt),
    })
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
  const answers = await answersOf(
    tx,
    rows.map(({ id }) => id),
  )
  return rows.map((row) => {
    const given = answers.filter(({ requestId }) => requestId === row.id)
    return { ...row, answers: given, state: requestState(given.at(-1)?.answer ?? null) }
  })
}

/** What was said of these requests, in the order in which it was. */
function answersOf(tx: OrganizationTx | StaffTx, requestIds: readonly string[]) {
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
    .where(sql`${requestAnswers.requestId} = any(${sql.param(`{${requestIds.join(',')}}`)}::uuid[])`)
    .orderBy(asc(requestAnswers.givenAt), asc(requestAnswers.id))
}

/** One request; undefined where the organization has none such. */
export async function findRequest(tx: OrganizationTx, organizationId: string, requestId: string) {
  const its = and(eq(requests.organizationId, organizationId), eq(requests.id, requestId))
  const [found] = await requestRows(tx, its, { limit: 1 })
  return found
}
