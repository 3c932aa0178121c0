import { and, asc, eq, inArray, or, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { products } from '@/db/schema/catalog'
import { folded } from '@/db/schema/columns'
import { instanceAddresses, instances } from '@/db/schema/instances'
import { keys } from '@/db/schema/keys'
import { organizations } from '@/db/schema/organizations'
import type { StaffTx } from '@/db/scope'
import { normalizeShortId, type ShortIdLetter } from '@/lib/ids'
import { addressPatterns, beginsAs, containsFolded, foldedPattern } from '@/lib/instances/search'
import { parseKey, typedLastFour } from '@/lib/keys/format'
import { fingerprint } from '@/lib/keys/vault'

/** How many of each sort are shown. */
export const mostFound = 20

/** Where a whole key stands; null where no organization has it. One of another maker's format is looked up as it is. */
export async function findWholeKey(tx: StaffTx, typed: string) {
  const parsed = parseKey(typed)
  const text = parsed.ok ? parsed.key : typed.trim()
  const [found] = await tx
    .select({ slug: organizations.slug, keyId: keys.id })
    .from(keys)
    .innerJoin(organizations, eq(organizations.id, keys.organizationId))
    .where(eq(keys.fingerprint, fingerprint(text)))
  return found ?? null
}

/**
 * What has the typed text in any organization: organizations by name, also as it is in the address; instances by name,
 * address, short ID or its beginning; keys by short ID, its beginning or last characters. Of each at most one more than
 * `mostFound`.
 */
export async function searchEverywhere(tx: StaffTx, typed: string) {
  const text = typed.trim()
  if (!text) return { organizations: [], instances: [], keys: [] }
  const [foundOrganizations, foundInstances, foundKeys] = await Promise.all([
    organizationsLike(tx, text),
    instancesLike(tx, text),
    keysLike(tx, text),
  ])
  return { organizations: foundOrganizations, instances: foundInstances, keys: foundKeys }
}

function organizationsLike(tx: StaffTx, text: string) {
  return tx
    .select({ id: organizations.id, slug: organizations.slug, name: organizations.name })
    .from(organizations)
    .where(
      or(containsFolded(organizations.nameFolded, text), containsFolded(folded(organizations.slug), text)),
    )
    .orderBy(asc(organizations.name), asc(organizations.id))
    .limit(mostFound + 1)
}

/**
 * The first ones that are found, and only then sorted: a word that is in every address would otherwise have all of them
 * sorted for twenty.
 */
async function instancesLike(tx: StaffTx, text: string) {
  const most = mostFound + 1
  // One or two letters hold no three that an index could find: then it is how a name or an address begins.
  const brief = [...text].length < 3
  const name = brief ? sql`substr(${foldedPattern(text)}, 2)` : foldedPattern(text)
  const addresses = addressPatterns(text).map((pattern) => (brief ? pattern.slice(1) : pattern))
  // A list of its own: a statement that asked for both would be planned as if the function found a thousand.
  const { rows } = await tx.execute<{ id: string }>(
    sql`select id from search_instances(${name}, ${sql.param(addresses)}::text[], ${most}) id`,
  )
  return tx
    .select({
      id: instances.id,
      shortId: instances.shortId,
      label: instances.label,
      retiredAt: instances.retiredAt,
      url: instanceAddresses.url,
      slug: organizations.slug,
      organization: organizations.name,
    })
    .from(instances)
    .innerJoin(organizations, eq(organizations.id, instances.organizationId))
    .leftJoin(instanceAddresses, mainAddress)
    .where(
      or(
        inArray(
          instances.id,
          rows.map(({ id }) => id),
        ),
        hasShortId(instances.shortId, 'I', text),
      ),
    )
    .orderBy(asc(instances.label), asc(organizations.name), asc(instances.id))
    .limit(most)
}

/** A retired instance shows the address that it had at the end. */
const mainAddress: SQL | undefined = and(
  eq(instanceAddresses.organizationId, instances.organizationId),
  eq(instanceAddresses.instanceId, instances.id),
  eq(instanceAddresses.ordinal, 0),
  sql`${instanceAddresses.retiredAt} is not distinct from ${instances.retiredAt}`,
)

async function keysLike(tx: StaffTx, text: string) {
  const lastFour = typedLastFour(text)
  const condition = or(
    hasShortId(keys.shortId, 'K', text),
    lastFour ? eq(keys.lastFour, lastFour) : undefined,
  )
  if (!condition) return []
  const ids = tx
    .select({ id: keys.id })
    .from(keys)
    .where(condition)
    .limit(mostFound + 1)
  return tx
    .select({
      id: keys.id,
      shortId: keys.shortId,
      lastFour: keys.lastFour,
      product: products.name,
      instance: instances.label,
      slug: organizations.slug,
      organization: organizations.name,
    })
    .from(keys)
    .innerJoin(organizations, eq(organizations.id, keys.organizationId))
    .innerJoin(products, eq(products.id, keys.productId))
    .leftJoin(
      instances,
      and(eq(instances.organizationId, keys.organizationId), eq(instances.id, keys.instanceId)),
    )
    .where(inArray(keys.id, ids))
    .orderBy(asc(organizations.name), asc(keys.id))
}

/** By the whole short ID, also without its letter, or by its beginning, which is not sought where a whole one was typed. */
function hasShortId(shortId: AnyPgColumn, letter: ShortIdLetter, text: string): SQL | undefined {
  const whole = normalizeShortId(text)
  if (whole) return eq(shortId, whole)
  const withLetter = normalizeShortId(letter + text)
  return or(withLetter ? eq(shortId, withLetter) : undefined, beginsAs(shortId, text))
}
