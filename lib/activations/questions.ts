import { and, desc, eq, inArray, isNull, lt, or, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { questionCounts, questions, sightings } from '@/db/schema/activations'
import { products } from '@/db/schema/catalog'
import { instanceAddresses, instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import { people } from '@/db/schema/people'
import type { OrganizationTx } from '@/db/scope'
import { now } from '@/lib/clock'
import { NotFound } from '@/lib/errors'
import type { ListPlace } from './list-place'
import type { QuestionKind } from './rules'

/** The one who calls, as it was last seen with that key where the key is good for it. */
const own = alias(sightings, 'own')

/** Whose instance it is about: the one that has the key, or that the installation with the new address is known as. */
const aboutInstance = sql`case ${questions.kind} when 'installation' then ${keys.instanceId}
  else coalesce(${own.instanceId}, ${keys.instanceId}) end`

/** `until`: in milliseconds, when its last lease runs out, of one that is retired and can do nothing else any more. */
type TestCopy = { id: string; label: string; until: number | null }

/**
 * The test copy that a key has: who uses it as one, or else an instance in use that may and has not called yet, or one that
 * is retired and may go on with the lease that it has. Null where there is none.
 */
export const testCopyOf = (
  organizationId: string,
  keyId: SQLWrapper | string,
  of: SQLWrapper | string,
  at: Date,
) =>
  sql<TestCopy | null>`(select json_build_object('id', i.id, 'label', i.label, 'until',
      case when i.retired_at is not null then floor(extract(epoch from a.lease_ends_at) * 1000)::float8 end)
    from instances i left join activations a on a.organization_id = i.organization_id and a.instance_id = i.id
      and a.key_id = ${keyId} and a.environment = 'test'
      and (a.given_back_at is null or a.lease_ends_at > ${at.toISOString()}::timestamptz)
    where i.organization_id = ${organizationId} and i.test_of_id = ${of} and (a.id is not null or i.retired_at is null)
    order by i.retired_at is not null, a.id is null, a.lease_ends_at desc, i.created_at, i.id limit 1)`

const shown = (organizationId: string, at: Date) => ({
  id: questions.id,
  kind: questions.kind,
  installationId: questions.installationId,
  url: questions.url,
  glpiVersion: questions.glpiVersion,
  refusalCode: questions.refusalCode,
  firstAt: questions.firstAt,
  lastAt: questions.lastAt,
  calls: questions.calls,
  answer: questions.answer,
  answeredAt: questions.answeredAt,
  answeredBy: sql<string | null>`coalesce(${people.name}, ${people.email})`,
  keyId: keys.id,
  shortId: keys.shortId,
  binding: keys.binding,
  product: products.name,
  instanceId: instances.id,
  instance: instances.label,
  instanceUrl: instanceAddresses.url,
  /** Calls of further installations, which are counted and not listed. */
  unlisted: sql<number>`coalesce(${questionCounts.unlisted}, 0)`.mapWith(Number),
  testCopy: testCopyOf(organizationId, keys.id, keys.instanceId, at),
})

export type QuestionRow = Awaited<ReturnType<typeof questionNamed>>

function select(tx: OrganizationTx, organizationId: string, filter: SQL | undefined) {
  const holder = lastOfInstance(tx, organizationId)
  const { lastAt: holderLastAt, glpiVersion: holderVersion } = holder
  return tx
    .select({ ...shown(organizationId, now()), holderLastAt, holderVersion })
    .from(questions)
    .innerJoin(keys, and(eq(keys.organizationId, organizationId), eq(keys.id, questions.keyId)))
    .innerJoin(products, eq(products.id, keys.productId))
    .leftJoin(
      own,
      and(
        eq(own.organizationId, organizationId),
        eq(own.keyId, questions.keyId),
        eq(own.installationId, questions.installationId),
      ),
    )
    .leftJoin(instances, and(eq(instances.organizationId, organizationId), eq(instances.id, aboutInstance)))
    .leftJoin(
      instanceAddresses,
      and(
        eq(instanceAddresses.organizationId, organizationId),
        eq(instanceAddresses.instanceId, instances.id),
        eq(instanceAddresses.ordinal, 0),
        isNull(instanceAddresses.retiredAt),
      ),
    )
    .leftJoinLateral(holder, sql`true`)
    .leftJoin(
      questionCounts,
      and(eq(questionCounts.organizationId, organizationId), eq(questionCounts.keyId, questions.keyId)),
    )
    .leftJoin(people, eq(people.id, questions.answeredById))
    .where(and(eq(questions.organizationId, organizationId), filter))
}

/** When the installation that has the instance last called, with whichever of its keys, and as which GLPI. */
const lastOfInstance = (tx: OrganizationTx, organizationId: string) =>
  tx
    .select({ lastAt: sightings.lastAt, glpiVersion: sightings.glpiVersion })
    .from(sightings)
    .where(
      and(
        eq(sightings.organizationId, organizationId),
        eq(sightings.instanceId, instances.id),
        eq(sightings.installationId, instances.installationId),
      ),
    )
    .orderBy(desc(sightings.lastAt))
    .limit(1)
    .as('holder')

/** As many strangers as a key can have open. */
export const mostStrangers = 20

const isOpen = and(isNull(questions.answeredAt), questions.listed)

interface QuestionFilter {
  size: number
  after?: ListPlace | undefined
  keyId?: string
  kind?: QuestionKind
}

/**
 * What is open and listed, of one key or all, the latest call first.
 * @param after names the last one of the page before (`placeIn`)
 */
export async function openQuestions(
  tx: OrganizationTx,
  organizationId: string,
  { size, after, keyId, kind }: QuestionFilter,
) {
  const ofKey = keyId ? eq(questions.keyId, keyId) : undefined
  const ofKind = kind ? eq(questions.kind, kind) : undefined
  const from = after
    ? or(lt(questions.lastAt, after.at), and(eq(questions.lastAt, after.at), lt(questions.id, after.id)))
    : undefined
  return select(tx, organizationId, and(isOpen, ofKey, ofKind, from))
    .orderBy(desc(questions.lastAt), desc(questions.id))
    .limit(size)
}

/** What is open of one key, the latest call first. */
export type KeyQuestions = [QuestionRow, ...QuestionRow[]]

/**
 * What is open and listed of a page of keys, each with all of it; the key that was called with last comes first.
 * @param size of keys
 * @param after names the last key of the page before (`placeIn`)
 */
export async function questionsByKey(
  tx: OrganizationTx,
  organizationId: string,
  { size, after }: { size: number; after?: ListPlace | undefined },
): Promise<KeyQuestions[]> {
  const lastAt = sql`max(${questions.lastAt})`
  const from = after
    ? sql`(${lastAt}, ${questions.keyId}) < (${after.at.toISOString()}::timestamptz, ${after.id}::uuid)`
    : undefined
  const asked = await tx
    .select({ keyId: questions.keyId })
    .from(questions)
    .where(and(eq(questions.organizationId, organizationId), isOpen))
    .groupBy(questions.keyId)
    .having(from)
    .orderBy(desc(lastAt), desc(questions.keyId))
    .limit(size)
  const keyIds = asked.map(({ keyId }) => keyId)
  const rows = await select(tx, organizationId, and(isOpen, inArray(questions.keyId, keyIds))).orderBy(
    desc(questions.lastAt),
    desc(questions.id),
  )
  const byKey = Map.groupBy(rows, ({ keyId }) => keyId)
  return keyIds.flatMap((keyId) => {
    const [first, ...others] = byKey.get(keyId) ?? []
    return first ? [[first, ...others] satisfies KeyQuestions] : []
  })
}

/** One, open or answered. @throws NotFound */
export async function questionNamed(tx: OrganizationTx, organizationId: string, questionId: string) {
  const [found] = await select(tx, organizationId, eq(questions.id, questionId))
  if (!found) throw new NotFound('question')
  return found
}

/** Who asked for a key beyond those that are listed, and waits for an answer. */
export const unlistedStrangers = (organizationId: string, keyId: string) =>
  and(
    eq(questions.organizationId, organizationId),
    eq(questions.keyId, keyId),
    eq(questions.kind, 'installation'),
    eq(questions.listed, false),
    isNull(questions.answeredAt),
  )

/** How many installations these are. */
export const countUnlisted = (tx: OrganizationTx, organizationId: string, keyId: string) =>
  tx.$count(questions, unlistedStrangers(organizationId, keyId))

export interface QuestionCount {
  open: number
  unlisted: number
}

/** How many are open, and how many calls were counted beyond those of each key. */
export async function countQuestions(tx: OrganizationTx, organizationId: string): Promise<QuestionCount> {
  const [sum] = await tx
    .select({
      open: sql<number>`coalesce(sum(${questionCounts.open}), 0)`.mapWith(Number),
      unlisted: sql<number>`coalesce(sum(${questionCounts.unlisted}), 0)`.mapWith(Number),
    })
    .from(questionCounts)
    .where(eq(questionCounts.organizationId, organizationId))
  return sum ?? { open: 0, unlisted: 0 }
}
