import { and, desc, eq, inArray, isNull, lte, ne, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { questionCounts, questions } from '@/db/schema/activations'
import { command, type Scope } from '@/lib/command'
import { Conflict } from '@/lib/errors'
import { aboutKey, lockKey } from '@/lib/keys/lock'
import { editionOf, lockCount } from './answer'
import { mostStrangers, unlistedStrangers } from './questions'

const AnswerAll = z.object({
  keyId: z.uuid('not_found'),
  /** What the form showed (`editionOf`), by the question: who has called since, or says another address, stays open. */
  editions: z.record(z.uuid(), z.string()),
  /** When the page was made. Those beyond the twenty have no line on it: who called first since then stays open. */
  madeAt: z.iso.datetime('out_of_date'),
})

/** More strangers than anybody has seen; what a thief can make one click write is bounded. */
const mostUnlisted = 5_000

/**
 * Says of all who asked for a key, and stood on the page or beyond its twenty, that none is theirs. They go on being refused.
 * @returns how many they were
 * @throws Conflict `question_answered` when somebody was faster, `question_changed` when all ask something else by now;
 * NotFound
 */
export const answerAll = command(
  'question.answer_all',
  AnswerAll,
  async (scope, { keyId, editions, madeAt }) => {
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
    const [left] = await tx
      .update(questionCounts)
      .set({ open: sql`${questionCounts.open} - ${meant.length}` })
      .where(count)
      .returning({ open: questionCounts.open })
    const answered = meant.length + (await answerUnlisted(scope, keyId, new Date(madeAt)))
    await listOwn(scope, keyId, count, mostStrangers - (left?.open ?? 0))
    const details = { shortId: key.shortId, product: key.product.name, count: answered }
    audit({ keyId, ...(key.instanceId ? { instanceId: key.instanceId } : {}), details })
    return { count: answered }
  },
  { once: true, about: ({ keyId }) => aboutKey(keyId) },
)

/** @returns how many they were */
async function answerUnlisted({ tx, organizationId, now, personId }: Scope, keyId: string, madeAt: Date) {
  const strangers = tx
    .select({ id: questions.id })
    .from(questions)
    .where(and(unlistedStrangers(organizationId, keyId), lte(questions.firstAt, madeAt)))
    .orderBy(questions.id)
    .limit(mostUnlisted)
    .for('update')
  const { rowCount } = await tx
    .update(questions)
    .set({ answer: 'not_ours', answeredAt: now, answeredById: personId })
    .where(and(eq(questions.organizationId, organizationId), inArray(questions.id, strangers)))
  return rowCount ?? 0
}

/** What is about their own GLPIs and came after twenty strangers has a place now; what is left is counted anew. */
async function listOwn({ tx, organizationId }: Scope, keyId: string, count: SQL | undefined, places: number) {
  const beyond = and(
    eq(questions.organizationId, organizationId),
    eq(questions.keyId, keyId),
    eq(questions.listed, false),
    isNull(questions.answeredAt),
  )
  const own = tx
    .select({ id: questions.id })
    .from(questions)
    .where(and(beyond, ne(questions.kind, 'installation')))
    .orderBy(desc(questions.lastAt))
    .limit(Math.max(0, places))
  const { rowCount } = await tx
    .update(questions)
    .set({ listed: true })
    .where(and(eq(questions.organizationId, organizationId), inArray(questions.id, own)))
  await tx
    .update(questionCounts)
    .set({
      open: sql`${questionCounts.open} + ${rowCount ?? 0}`,
      unlisted: sql`(select coalesce(sum(${questions.calls}), 0) from ${questions} where ${beyond})`,
    })
    .where(count)
}
