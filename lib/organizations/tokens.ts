import { and, count, desc, eq, gt, isNull, sql } from 'drizzle-orm'
import { apiTokens } from '@/db/schema/api-tokens'
import { people } from '@/db/schema/people'
import type { OrganizationTx } from '@/db/scope'
import { NotFound } from '@/lib/errors'

const columns = {
  id: apiTokens.id,
  name: apiTokens.name,
  scopes: apiTokens.scopes,
  lastFour: apiTokens.lastFour,
  createdAt: apiTokens.createdAt,
  createdBy: sql<string>`coalesce(nullif(${people.name}, ''), ${people.email})`,
  expiresAt: apiTokens.expiresAt,
  revokedAt: apiTokens.revokedAt,
  lastUsedAt: apiTokens.lastUsedAt,
}

export type TokenRow = Awaited<ReturnType<typeof listTokens>>[number]

/** The organization's tokens: those that work, then those that are over, each the newest first. */
export function listTokens(tx: OrganizationTx, organizationId: string, most: number, now: Date) {
  const works = and(isNull(apiTokens.revokedAt), gt(apiTokens.expiresAt, now))
  return tokensWhere(tx, eq(apiTokens.organizationId, organizationId))
    .orderBy(sql`not (${works})`, desc(apiTokens.id))
    .limit(most)
}

/** @throws NotFound for one that the organization does not have. */
export async function tokenNamed(tx: OrganizationTx, organizationId: string, tokenId: string) {
  const mine = and(eq(apiTokens.organizationId, organizationId), eq(apiTokens.id, tokenId))
  const [token] = await tokensWhere(tx, mine)
  if (!token) throw new NotFound('token')
  return token
}

export async function countWorkingTokens(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
  createdById?: string,
): Promise<number> {
  const [found] = await tx
    .select({ tokens: count() })
    .from(apiTokens)
    .where(
      and(
        eq(apiTokens.organizationId, organizationId),
        createdById ? eq(apiTokens.createdById, createdById) : undefined,
        isNull(apiTokens.revokedAt),
        gt(apiTokens.expiresAt, now),
      ),
    )
  return found?.tokens ?? 0
}

const tokensWhere = (tx: OrganizationTx, which: ReturnType<typeof and>) =>
  tx.select(columns).from(apiTokens).innerJoin(people, eq(people.id, apiTokens.createdById)).where(which)
