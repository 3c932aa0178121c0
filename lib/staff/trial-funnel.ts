import { sql } from 'drizzle-orm'
import type { StaffTx } from '@/db/scope'

/** The steps from a look to a purchase, in their order. */
export const trialSteps = ['visited', 'began', 'activated', 'converted'] as const
export type TrialSteps = Record<(typeof trialSteps)[number], number>

interface Counted extends TrialSteps {
  /** Its first day, as `2026-11-01`. */
  month: string
  /** Null: what no product can be named of. */
  productId: string | null
}

/** The first days of that many months in UTC, this one first. */
export function latestMonths(now: Date, count: number): string[] {
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()]
  return Array.from({ length: count }, (_, ago) =>
    new Date(Date.UTC(year, month - ago, 1)).toISOString().slice(0, 10),
  )
}

/**
 * How many came how far, by product and month, of all organizations: counted from what happened, at this moment. A trial counts
 * in the month in which it began, however late it was used or bought, so that each step is a part of the one before.
 * @param since the first month's first day
 */
export async function countTrialSteps(tx: StaffTx, since: string): Promise<Counted[]> {
  const { rows } = await tx.execute<Counted & Record<string, unknown>>(sql`
    select to_char(month, 'YYYY-MM-DD') as month, product_id as "productId", sum(visited)::int as visited,
      sum(began)::int as began, sum(activated)::int as activated, sum(converted)::int as converted
    from (
      select date_trunc('month', day::timestamp) as month, product_id, count as visited, 0 as began, 0 as activated, 0 as converted
      from trial_visits where day >= ${since}::date
      union all
      select date_trunc('month', issued_at at time zone 'UTC'), product_id, 0, 1,
        (first_seen_at is not null)::int, (renewed_at is not null)::int
      from keys where kind = 'trial' and issued_at >= (${since}::timestamp at time zone 'UTC')
    ) steps
    group by 1, 2 order by 1 desc, 2`)
  return rows
}

/** What the products of the trials are called, by name: those that can be tried, and those of which something was counted. */
export async function triedProducts(tx: StaffTx, counted: readonly Pick<Counted, 'productId'>[]) {
  const ids = counted.flatMap(({ productId }) => productId ?? [])
  const { rows } = await tx.execute<{ id: string; name: string }>(sql`
    select id, name from products
    where trial_days is not null and withdrawn_at is null or id = any(${sql.param(ids)}::uuid[]) order by name`)
  return rows
}

/** All of them together. */
export function sumOfSteps(rows: readonly TrialSteps[]): TrialSteps {
  const sum: TrialSteps = { visited: 0, began: 0, activated: 0, converted: 0 }
  for (const row of rows) for (const step of trialSteps) sum[step] += row[step]
  return sum
}

/** How much of the step before a step is, in whole per cent; null where the one before does not lead to it, or is nothing. */
export function shareOf(steps: TrialSteps, step: keyof TrialSteps): number | null {
  const before = { visited: null, began: null, activated: 'began', converted: 'began' } as const
  const from = before[step]
  return from && steps[from] > 0 ? Math.round((100 * steps[step]) / steps[from]) : null
}
