import { and, eq, isNull, sql } from 'drizzle-orm'
import { questionCounts, questions } from '@/db/schema/activations'
import type { Scope } from '@/lib/command'
import { lockCount } from './answer'

/**
 * Ends what was asked about an installation that a member gives a key to, in the caller's transaction: it is no stranger any
 * more. What a GLPI comes to by calling is ended where its calls are noted (`record_checks()` of the database).
 */
export async function letIn(scope: Scope, keyId: string, installationId: string) {
  const { tx, organizationId, now } = scope
  const count = await lockCount(scope, keyId)
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
        eq(questions.kind, 'installation'),
        eq(questions.installationId, installationId),
        isNull(questions.answeredAt),
      ),
    )
    .returning({ listed: questions.listed, calls: questions.calls })
  const { open, unlisted } = questionCounts
  for (const { listed, calls } of settled) {
    const left = listed ? { open: sql`${open} - 1` } : { unlisted: sql`greatest(${unlisted} - ${calls}, 0)` }
    await tx.update(questionCounts).set(left).where(count)
  }
}
