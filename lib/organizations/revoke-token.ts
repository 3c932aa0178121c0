import { and, eq, gt, isNull, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { apiTokens } from '@/db/schema/api-tokens'
import type { OrganizationTx } from '@/db/scope'
import { command } from '@/lib/command'
import { tokenNamed } from './tokens'

/**
 * Revokes a token: nothing that holds it gets in any more. One that was revoked already is left alone.
 * @throws NotFound
 */
export const revokeToken = command(
  'token.revoke',
  z.object({ tokenId: z.uuid('not_found') }),
  async ({ tx, organizationId, personId, now, audit, unchanged }, { tokenId }) => {
    const { name, lastFour, scopes, expiresAt } = await tokenNamed(tx, organizationId, tokenId)
    const which = and(eq(apiTokens.organizationId, organizationId), eq(apiTokens.id, tokenId))
    if ((await revoke(tx, which, personId, now)) === 0) return unchanged()
    audit({ details: { name, scopes: scopes.join(', '), until: expiresAt.toISOString(), lastFour } })
  },
)

/**
 * Revokes each token that works of those that a member has made.
 * @returns how many
 */
export function revokeTokensOf(
  tx: OrganizationTx,
  organizationId: string,
  { memberId, byId }: { memberId: string; byId: string | null },
  now: Date,
): Promise<number> {
  const theirs = and(
    eq(apiTokens.organizationId, organizationId),
    eq(apiTokens.createdById, memberId),
    gt(apiTokens.expiresAt, now),
  )
  return revoke(tx, theirs, byId, now)
}

async function revoke(tx: OrganizationTx, which: SQL | undefined, byId: string | null, now: Date) {
  const revoked = await tx
    .update(apiTokens)
    .set({
      // The process that made it may have a clock that is a moment ahead.
      revokedAt: sql`greatest(${apiTokens.createdAt}, ${now.toISOString()}::timestamptz)`,
      revokedById: byId,
    })
    .where(and(which, isNull(apiTokens.revokedAt)))
    .returning({ id: apiTokens.id })
  return revoked.length
}
