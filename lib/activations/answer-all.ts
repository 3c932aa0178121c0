import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { z } from 'zod'
import { questionCounts, questions } from '@/db/schema/activations'
import { command } from '@/lib/command'
import { Conflict } from '@/lib/errors'
import { aboutKey, lockKey } from '@/lib/keys/lock'
import { editionOf, lockCount } from './answer'

const AnswerAll = z.object({
  keyId: z.uuid('not_found'),
  /** What the form showed (`editionOf`), by the question: who has called since, or says another address, stays open. */
  editions: z.record(z.uuid(), z.string()),
})

/**
 * Says of all who asked for a key, and stood on the page, that none is theirs. They go on being refused.
 * @returns how many they were
 * @throws Conflict `question_answered` when somebody was faster, `question_changed` when all ask something else by now;
 * NotFound
 */
export const answerAll = command(
  'question.answer_all',
  AnswerAll,
  async (scope, { keyId, editions }) => {
    const { tx, organizationId, now, personId, audit } = scope
    const key = await lockKey(tx, organizationId, keyId)
    const count = await lockCount(scope, keyId)
    const open = await tx
      .select()
      .from(questions)
      .where(
        and(
          eq(questions.organizationId, organizationId),
          eq(questions.keyId, keyId),
          eq(questions.kind, 'installation'),
          isNull(questions.answeredAt),
          questions.listed,
          inArray(questions.id, Object.keys(editions)),
        ),
      )
      .for('update')
    const meant = open.filter((one) => editionOf(one) === editions[one.id]).map(({ id }) => id)
    if (meant.length === 0) throw new Conflict(open.length > 0 ? 'question_changed' : 'question_answered')
    await tx
      .update(questions)
      .set({ answer: 'not_ours', answeredAt: now, answeredById: personId })
      .where(and(eq(questions.organizationId, organizationId), inArray(questions.id, meant)))
    await tx
      .update(questionCounts)
      .set({ open: sql`${questionCounts.open} - ${meant.length}` })
      .where(count)
    const details = { shortId: key.shortId, product: key.product.name, count: meant.length }
    audit({ keyId, ...(key.instanceId ? { instanceId: key.instanceId } : {}), details })
    return { count: meant.length }
  },
  { once: true, about: ({ keyId }) => aboutKey(keyId) },
)
