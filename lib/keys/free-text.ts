import { inArray } from 'drizzle-orm'
import { z } from 'zod'
import { keys } from '@/db/schema/keys'
import type { OrganizationTx } from '@/db/scope'
import { isStaffRole } from '@/lib/access'
import type { Scope } from '@/lib/command'
import { InvalidInput } from '@/lib/errors'
import { findKeys, lastFour, replaceKeys } from './format'
import { fingerprint } from './vault'

/**
 * Why something was done, as it is kept and read by the customer; null where nothing was said.
 * @throws InvalidInput for staff who say nothing: what they do is always explained.
 */
export async function noteOf({ tx, role }: Pick<Scope, 'tx' | 'role'>, note = ''): Promise<string | null> {
  if (isStaffRole(role) && !note) throw new InvalidInput({ note: 'required' })
  return (await withoutKeys(tx, note)) || null
}

/** What is said of why, in a form. */
export const Note = z.string().trim().max(1_000, 'too_long')

/**
 * Free text that people type, with each whole key of ours in it replaced by its short ID. A key that this organization
 * does not own is still somebody's secret: it is cut to its last four characters.
 */
export async function withoutKeys(tx: OrganizationTx, text: string): Promise<string> {
  const found = findKeys(text)
  if (found.length === 0) return text
  const owned = await tx
    .select({ shortId: keys.shortId, fingerprint: keys.fingerprint })
    .from(keys)
    .where(inArray(keys.fingerprint, found.map(fingerprint)))
  const shortIds = new Map(owned.map((key) => [key.fingerprint.toString('hex'), key.shortId]))
  return replaceKeys(text, (key) => shortIds.get(fingerprint(key).toString('hex')) ?? `…${lastFour(key)}`)
}
