import { and, eq, isNull, ne, or, sql } from 'drizzle-orm'
import { questionCounts, questions } from '@/db/schema/activations'
import type { Scope } from '@/lib/command'
import { lockCount } from './answer'

/**
 * Ends what was asked about an installation that a member gives a key to, in the caller's transaction: it is no stranger any
 * more. So ends what was asked about the one whose place it takes. What a GLPI comes to by calling is ended where its calls are
 * noted (`record_checks()` of the database).
 * @param before the installation whose place it is, where there was one
 */
export async function letIn(scope: Scope, keyId: string, installationId: string, before?: string) {
  const { tx, organizationId, now } = scope
  const count = await lockCount(scope, keyId)
  const { kind } = questions
  const itself = and(eq(kind, 'installation'), eq(questions.installationId, installationId))
  const left = before ? and(ne(kind, 'installation'), eq(questions.installationId, before)) : undefined
  const settled = await tx
    .update(questions)
    .set({
      answer: 'let_in',
      answeredAt: sql`greatest(${questions.lastAt}, ${now.toISOString()}::timestamptz)`,
    })
    .where(
      and(
        eq(questions.organizationId, organizationId),
        eq(questions.keyId, keyId),
        or(itself, left),
        isNull(questions.answeredAt),
      ),
    )
    .returning({ listed: questions.listed, calls: questions.calls })
  const { open, unlisted } = questionCounts
  for (const { listed, calls } of settled) {
    const counted = listed
      ? { open: sql`${open} - 1` }
      : { unlisted: sql`greatest(${unlisted} - ${calls}, 0)` }
    await tx.update(questionCounts).set(counted).where(count)
  }
}
