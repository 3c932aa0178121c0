import { sql } from 'drizzle-orm'
import { asSystem } from '@/db/scope'
import { keptSince } from './rules'

/** So few that none of the statements holds the key service's up. */
const usualBatch = 5_000

/**
 * Counts the answers that are no longer kept one by one, by day, and removes them: both in one statement, so that whoever
 * runs it twice, or is stopped midway, counts none of them twice.
 * @returns how many rows were removed
 */
export async function countOldChecks(now: Date, batch = usualBatch): Promise<number> {
  const before = sql`${keptSince(now).toISOString()}::timestamptz`
  let removed = 0
  for (;;) {
    const { rows } = await asSystem('count the answers of old checks', (tx) =>
      tx.execute<{ removed: number }>(sql`
        with old as (
          delete from checks where id in (
            select id from checks where at < ${before} order by at limit ${batch} for update skip locked
          ) returning organization_id, key_id, instance_id, at, asked, code, calls
        ), counted as (
          insert into check_days as was (organization_id, key_id, instance_id, day, asked, code, calls)
            select organization_id, key_id, instance_id, (at at time zone 'UTC')::date as day, asked, code, sum(calls) from old
            group by organization_id, key_id, instance_id, day, asked, code order by 1, 2, 3, 4, 5, 6
          on conflict (organization_id, key_id, instance_id, day, asked, code) do update set calls = was.calls + excluded.calls
        )
        select count(*)::int as removed from old`),
    )
    const [{ removed: some } = { removed: 0 }] = rows
    removed += some
    if (some < batch) return removed
  }
}
