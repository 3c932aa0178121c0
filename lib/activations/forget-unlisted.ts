import { sql } from 'drizzle-orm'
import { asSystem } from '@/db/scope'
import { codeDays } from './refusal-code'

/**
 * Removes what is asked beyond the twenty of a key, once its code is over: until then that opened it, afterwards nothing
 * shows it.
 * @returns how many there were
 */
export async function forgetUnlisted(now: Date): Promise<number> {
  const before = new Date(now.getTime() - codeDays * 86_400_000).toISOString()
  const { rows } = await asSystem('forget who called with a key after twenty others', (tx) =>
    tx.execute<{ forgotten: number }>(sql`
      with over as (
        delete from questions where not listed and answered_at is null and last_at < ${before}::timestamptz
        returning organization_id, key_id, calls
      ), counted as (
        update question_counts c set unlisted = greatest(c.unlisted - o.calls, 0)
        from (select organization_id, key_id, sum(calls) as calls from over group by organization_id, key_id) o
        where c.organization_id = o.organization_id and c.key_id = o.key_id
      )
      select count(*)::int as forgotten from over`),
  )
  return rows[0]?.forgotten ?? 0
}
