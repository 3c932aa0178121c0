import { and, eq, isNull, lt } from 'drizzle-orm'
import { questions } from '@/db/schema/activations'
import { asSystem } from '@/db/scope'
import { codeDays } from './refusal-code'

/**
 * Removes what is asked beyond the twenty of a key, once its code is over: until then that opened it, afterwards nothing
 * shows it.
 * @returns how many there were
 */
export async function forgetUnlisted(now: Date): Promise<number> {
  const before = new Date(now.getTime() - codeDays * 86_400_000)
  const over = and(eq(questions.listed, false), isNull(questions.answeredAt), lt(questions.lastAt, before))
  const { rowCount } = await asSystem('forget who called with a key after twenty others', (tx) =>
    tx.delete(questions).where(over),
  )
  return rowCount ?? 0
}
