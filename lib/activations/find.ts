import { and, eq, gt, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { questions } from '@/db/schema/activations'
import { instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import { organizations } from '@/db/schema/organizations'
import { asOrganization, asStaff, type OrganizationTx, type StaffTx } from '@/db/scope'
import { giveBackPoints, takePoints } from '@/lib/limits'
import { normalizeNamed } from './named'
import { codeDays } from './refusal-code'

type Tx = OrganizationTx | StaffTx

/** Who looks for something that a message of GLPI, or somebody on the phone, has named. */
interface Seeker {
  personId: string
  /** One of the vendor's people, who find it in every organization. */
  isStaff: boolean
  organizationIds: readonly string[]
}

/**
 * The page of what a refusal code or a short ID names, among what the seeker may see. What is unknown, another's or over is
 * null alike; those tries are limited, so that nobody learns by trying.
 * @throws Refused `too_many`
 */
export async function findNamed(seeker: Seeker, typed: string, now: Date): Promise<string | null> {
  const named = normalizeNamed(typed)
  if (!named) return null
  const tries = [{ name: 'open', key: seeker.personId, points: 30, perSeconds: 900 }]
  await takePoints(tries)
  const path = await pathOf(seeker, named, now)
  if (path) await giveBackPoints(tries)
  return path
}

async function pathOf({ personId, isStaff, organizationIds }: Seeker, named: string, now: Date) {
  for (const organizationId of organizationIds) {
    const path = await asOrganization(organizationId, (tx) => find(tx, named, now, organizationId))
    if (path) return path
  }
  return isStaff ? asStaff(personId, (tx) => find(tx, named, now)) : null
}

function find(tx: Tx, named: string, now: Date, organizationId?: string) {
  const within = (column: AnyPgColumn) => (organizationId ? eq(column, organizationId) : undefined)
  if (named.startsWith('K-')) return findKey(tx, and(within(keys.organizationId), eq(keys.shortId, named)))
  if (named.startsWith('I-'))
    return findInstance(tx, and(within(instances.organizationId), eq(instances.shortId, named)))
  const since = new Date(now.getTime() - codeDays * 86_400_000)
  const refused = [
    eq(questions.refusalCode, named),
    eq(questions.kind, 'installation'),
    gt(questions.lastAt, since),
  ]
  return findQuestion(tx, and(within(questions.organizationId), ...refused))
}

async function findQuestion(tx: Tx, filter: SQL | undefined) {
  const [found] = await tx
    .select({ id: questions.id, slug: organizations.slug })
    .from(questions)
    .innerJoin(organizations, eq(organizations.id, questions.organizationId))
    .where(filter)
    .limit(1)
  return found ? `/${found.slug}/questions/${found.id}` : null
}

async function findKey(tx: Tx, filter: SQL | undefined) {
  const [found] = await tx
    .select({
      id: keys.id,
      shortId: keys.shortId,
      instanceId: keys.instanceId,
      slug: organizations.slug,
      asked: sql<boolean>`exists (select from ${questions} where ${questions.organizationId} = ${keys.organizationId}
        and ${questions.keyId} = ${keys.id} and ${questions.answeredAt} is null)`,
    })
    .from(keys)
    .innerJoin(organizations, eq(organizations.id, keys.organizationId))
    .where(filter)
    .limit(1)
  if (!found) return null
  const { id, slug, shortId, instanceId, asked } = found
  // There stands what is asked about it.
  if (asked) return `/${slug}/keys/${id}`
  return instanceId ? `/${slug}/instances/${instanceId}#${shortId}` : `/${slug}/keys?q=${shortId}`
}

async function findInstance(tx: Tx, filter: SQL | undefined) {
  const [found] = await tx
    .select({ id: instances.id, slug: organizations.slug })
    .from(instances)
    .innerJoin(organizations, eq(organizations.id, instances.organizationId))
    .where(filter)
    .limit(1)
  return found ? `/${found.slug}/instances/${found.id}` : null
}
