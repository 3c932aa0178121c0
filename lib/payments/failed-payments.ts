import { sql } from 'drizzle-orm'
import { readInstant } from '@/db/read-instant'
import type { OrganizationTx } from '@/db/scope'
import { stoppedDays } from '@/lib/keys/rules'

/** A delayed payment of which the money did not come, with what of it nobody has paid since. */
export interface FailedPayment {
  checkoutId: string
  begunById: string | null
  /** The name or address of who began it; null where that was nobody. */
  by: string | null
  begunAt: Date
  currency: string
  /** Of all that was to be paid, in the smallest unit. */
  amount: number
  lines: FailedLine[]
}

interface FailedLine {
  /** Null where it was bought anew. */
  subscriptionId: string | null
  product: string
  instance: string | null
  /** Somebody has to pay it: it is sold still, its instance is in use, and it does not renew by itself. */
  open: boolean
}

interface Row extends Record<string, unknown>, FailedLine {
  checkoutId: string
  begunById: string | null
  by: string | null
  begunAt: string
  currency: string
  amount: string
}

/** The same is renewed, or bought for the same place. */
const same = sql`o.organization_id = l.organization_id and (o.subscription_id = l.subscription_id
  or (l.subscription_id is null and o.subscription_id is null and o.product_id = l.product_id
    and o.instance_id is not distinct from l.instance_id))`

/** By another payment, or by the vendor. */
const paidSince = sql`exists (select from terms t join keys k on k.organization_id = t.organization_id and k.term_id = t.id
  where t.organization_id = l.organization_id and t.created_at > c.ended_at and (t.subscription_id = l.subscription_id
    or (l.subscription_id is null and k.product_id = l.product_id and k.instance_id is not distinct from l.instance_id)))`

/** Whoever pays it is on another page; and of one that has failed again, only that is told. */
const begunSince = sql`exists (select from checkout_lines o join checkouts oc on oc.organization_id = o.organization_id
  and oc.id = o.checkout_id where ${same} and oc.id <> c.id
  and (o.ended_at is null or (oc.ended = 'failed' and oc.ended_at > c.ended_at)))`

const renewsByItself = sql`exists (select from automatic_renewals r where r.organization_id = l.organization_id
  and r.subscription_id = l.subscription_id and r.started_at is not null and r.ended_at is null and r.failed_at is null)`

/**
 * Delayed payments that failed within the last 90 days, the oldest first; of an automatic renewal's charges its own mails and
 * pages tell.
 * @param only that Checkout's alone
 */
export async function failedPayments(
  tx: OrganizationTx,
  organizationId: string,
  now: Date,
  only?: string,
): Promise<FailedPayment[]> {
  const since = new Date(now.getTime() - stoppedDays * 86_400_000).toISOString()
  const { rows } = await tx.execute<Row>(sql`
    select c.id as "checkoutId", c.begun_by_id as "begunById", coalesce(nullif(w.name, ''), w.email) as by,
      c.begun_at as "begunAt", c.currency, c.amount, l.subscription_id as "subscriptionId", p.name as product,
      i.label as instance, p.withdrawn_at is null and i.retired_at is null and not ${renewsByItself} as open
    from checkouts c
    join checkout_lines l on l.organization_id = c.organization_id and l.checkout_id = c.id
    join products p on p.id = l.product_id
    left join instances i on i.organization_id = l.organization_id and i.id = l.instance_id
    left join people w on w.id = c.begun_by_id
    where c.organization_id = ${organizationId} and c.ended = 'failed' and c.ended_at > ${since}::timestamptz
      ${only ? sql`and c.id = ${only}` : sql``}
      and not exists (select from automatic_charges a where a.organization_id = c.organization_id and a.checkout_id = c.id)
      and not ${paidSince} and not ${begunSince}
    order by c.id, l.id`)
  return [...Map.groupBy(rows, ({ checkoutId }) => checkoutId).values()].flatMap((lines) => {
    const [first] = lines
    if (!first) return []
    const { checkoutId, begunById, by, currency } = first
    const of = { begunAt: readInstant(first.begunAt), amount: Number(first.amount) }
    return [{ checkoutId, begunById, by, currency, ...of, lines: lines.map(lineOf) }]
  })
}

const lineOf = ({ subscriptionId, product, instance, open }: Row): FailedLine => ({
  ...{ subscriptionId, product, instance, open },
})

/** Those of which somebody has to pay something, with that. */
export const stillToPay = (failed: readonly FailedPayment[]): FailedPayment[] =>
  failed
    .map((one) => ({ ...one, lines: one.lines.filter(({ open }) => open) }))
    .filter(({ lines }) => lines.length > 0)
