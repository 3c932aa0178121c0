import { sql } from 'drizzle-orm'
import type { StaffTx } from '@/db/scope'

/** The steps from a look to a purchase, in their order. */
export const trialSteps = ['visited', 'asked', 'confirmed', 'began', 'activated', 'converted'] as const
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
 * How many came how far, by product and month, of all organizations: counted from what happened, at this moment. A trial that a
 * stranger signed up for counts in the month in which they did, one that a member began in that of its begin, however late it was
 * used or bought, so that each step is a part of the one before. A member has asked and is confirmed when they begin.
 * @param since the first month's first day
 */
export async function countTrialSteps(tx: StaffTx, since: string): Promise<Counted[]> {
  const { rows } = await tx.execute<Counted & Record<string, unknown>>(sql`
    with start as (select ${since}::timestamp at time zone 'UTC' as at),
    tried as (
      select k.product_id, coalesce(s.created_at, k.issued_at) as at, (s.created_at is null)::int as by_member,
        (k.first_seen_at is not null)::int as activated, (k.renewed_at is not null)::int as converted
      from keys k
      -- Of an organization's first trial of a product: the last sign-up that led there before it.
      left join lateral (
        select created_at from trial_sign_ups
        where organization_id = k.organization_id and product_id = k.product_id and created_at <= k.issued_at
          and k.trial_ordinal = 1
        order by created_at desc limit 1) s on true
      where k.kind = 'trial' and k.issued_at >= (select at from start))
    select to_char(date_trunc('month', at), 'YYYY-MM-DD') as month, product_id as "productId", sum(visited)::int as visited,
      sum(asked)::int as asked, sum(confirmed)::int as confirmed, sum(began)::int as began, sum(activated)::int as activated,
      sum(converted)::int as converted
    from (
      select day::timestamp as at, product_id, count as visited, 0 as asked, 0 as confirmed, 0 as began, 0 as activated,
        0 as converted
      from trial_visits where day >= ${since}::date
      union all
      select created_at at time zone 'UTC', product_id, 0, 1, (confirmed_at is not null)::int, 0, 0, 0
      from trial_sign_ups where created_at >= (select at from start)
      union all
      select at at time zone 'UTC', product_id, 0, by_member, by_member, 1, activated, converted
      from tried where at >= (select at from start)
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
  const sum: TrialSteps = { visited: 0, asked: 0, confirmed: 0, began: 0, activated: 0, converted: 0 }
  for (const row of rows) for (const step of trialSteps) sum[step] += row[step]
  return sum
}

/** The step that each is a part of; of visits nobody knows who came back to ask. */
const partOf = {
  visited: null,
  asked: null,
  confirmed: 'asked',
  began: 'asked',
  activated: 'began',
  converted: 'began',
} as const satisfies Record<keyof TrialSteps, keyof TrialSteps | null>

/** How much a step is, in whole per cent, of the one that it is a part of; null where there is none, or it is nothing. */
export function shareOf(steps: TrialSteps, step: keyof TrialSteps): number | null {
  const whole = partOf[step]
  return whole && steps[whole] > 0 ? Math.round((100 * steps[step]) / steps[whole]) : null
}
