import { eq, ilike, like, or, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { folded } from '@/db/schema/columns'
import { instanceAddresses, instances } from '@/db/schema/instances'
import { normalizeShortId, shortIdBeginning } from '@/lib/ids'
import { parseInstanceUrl } from './url'

/**
 * The condition that an instance has what was typed: a part of its label or of an address, or its short ID or
 * the beginning of that. An address
 * finds its instance in whatever spelling it was pasted.
 */
export function instanceMatches(organizationId: string, search: string): SQL | undefined {
  const shortId = normalizeShortId(search) ?? normalizeShortId(`I${search}`)
  return or(
    containsFolded(instances.labelFolded, search),
    shortId ? eq(instances.shortId, shortId) : undefined,
    beginsAs(instances.shortId, search),
    sql`${instances.id} in (select ${instanceAddresses.instanceId} from ${instanceAddresses}
      where ${instanceAddresses.organizationId} = ${organizationId} and (${addressMatches(search)}))`,
  )
}

/** That a short ID begins as was typed; undefined where no beginning of one was. */
export function beginsAs(shortId: AnyPgColumn, search: string): SQL | undefined {
  const beginning = shortIdBeginning(search)
  return beginning ? like(shortId, `${beginning}%`) : undefined
}

const addressMatches = (search: string): SQL | undefined =>
  or(...addressPatterns(search).map((pattern) => ilike(instanceAddresses.urlIdentity, pattern)))

/** For `ilike`: the text as well as what it is read as: `10.0` is the beginning of an address, and read as `10.0.0.0`. */
export function addressPatterns(search: string): string[] {
  const parts = new Set([withoutScheme(search)])
  // A host that is not in ASCII is stored in Punycode; a word in ASCII is no more than itself.
  const verdict = /[./:]|[^\p{ASCII}]/u.test(search) ? parseInstanceUrl(search) : null
  if (verdict?.ok) parts.add(verdict.identity)
  return [...parts].map(patternOf)
}

/** That a folded text has what was typed in it. Escaped after folding, which makes `％` a `%`. */
export const containsFolded = (text: SQL | AnyPgColumn, search: string): SQL =>
  sql`${text} like ${foldedPattern(search)}`

export const foldedPattern = (search: string): SQL =>
  sql`'%' || regexp_replace(${folded(sql`${search}::text`)}, '([\\\\%_])', '\\\\\\1', 'g') || '%'`

/** What was typed as a part of an address, for `ilike`. */
const patternOf = (search: string) => `%${search.replace(/[\\%_]/g, '\\$&')}%`

/** What cannot be read as a whole address may still be the beginning of one. */
const withoutScheme = (search: string) => search.replace(/^https?:\/\/(www\.)?/i, '').replace(/\/+$/, '')
