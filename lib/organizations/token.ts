import { createHmac } from 'node:crypto'
import { and, eq, isNull, lt, or, sql } from 'drizzle-orm'
import { pool } from '@/db/client'
import { unavailableWhenDown } from '@/db/failures'
import { apiTokens } from '@/db/schema/api-tokens'
import { asOrganization } from '@/db/scope'
import { now } from '@/lib/clock'
import type { By } from '@/lib/command'
import { env } from '@/lib/env'
import { Unavailable } from '@/lib/errors'
import { tokenHash } from '@/lib/people/tokens'
import { type TokenScope, tokenPattern } from './rules'

const prefix = 'lkt_'
const noteHours = 1

const pattern = new RegExp(`^${tokenPattern.source}$`)

/**
 * The token that a form makes, from the form's idempotency key: 256 bits that nobody can tell without the secret. Not
 * drawn at random, because a form that is sent twice is known by its hash, which is part of what was asked. The key is
 * forgotten after 30 days (lib/jobs/clean-up.ts).
 */
export function tokenFor({ actor, idempotencyKey }: By): string {
  const personId = 'personId' in actor ? actor.personId : ''
  const form = createHmac('sha256', env().SIGN_IN_SECRET).update(`api_token:${personId}:${idempotencyKey}`)
  return prefix + form.digest('base64url')
}

export interface TokenOwner {
  organizationId: string
  tokenId: string
  scopes: TokenScope[]
}

/**
 * Whose a presented token is, and what it allows; that it is used is noted once an hour.
 * @returns null for what is no token, is nobody's, was revoked or has expired: the four look the same
 */
export async function tokenOwner(text: string): Promise<TokenOwner | null> {
  if (!pattern.test(text)) return null
  const at = now()
  const { rows } = await unavailableWhenDown(() =>
    pool().query({
      name: 'api_token_owner',
      text: 'select * from api_token_owner($1, $2)',
      values: [tokenHash(text), at],
    }),
  )
  const [row] = rows
  if (!row) return null
  const found = { organizationId: row.organization_id, tokenId: row.token_id, scopes: row.scopes }
  if (!row.last_used_at || row.last_used_at < anHourBefore(at)) await noteUse(found, at)
  return found
}

/** Keys can be listed while nothing can be written, so that this cannot be noted is no reason to refuse. */
async function noteUse({ organizationId, tokenId }: TokenOwner, at: Date) {
  const { createdAt, lastUsedAt } = apiTokens
  const mine = and(eq(apiTokens.organizationId, organizationId), eq(apiTokens.id, tokenId))
  try {
    await asOrganization(organizationId, (tx) =>
      tx
        .update(apiTokens)
        // Another process's clock may be a moment behind.
        .set({ lastUsedAt: sql`greatest(${createdAt}, ${at.toISOString()}::timestamptz)` })
        .where(and(mine, or(isNull(lastUsedAt), lt(lastUsedAt, anHourBefore(at))))),
    )
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
  }
}

const anHourBefore = (at: Date) => new Date(at.getTime() - noteHours * 3_600_000)
