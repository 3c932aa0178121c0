import { sql } from 'drizzle-orm'
import type { Scope } from '@/lib/command'

/**
 * The lines of a payment whose days, as they were shown, another payment or somebody by hand had brought meanwhile: their own
 * terms follow those.
 */
export async function linesPaidTwice(
  { tx, organizationId }: Pick<Scope, 'tx' | 'organizationId'>,
  checkoutId: string,
): Promise<Set<string>> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    select l.id from checkout_lines l
      join checkouts c on c.organization_id = l.organization_id and c.id = l.checkout_id and c.ended = 'paid'
      join terms t on t.organization_id = l.organization_id and t.id = l.term_id
    where l.organization_id = ${organizationId} and l.checkout_id = ${checkoutId}
      and exists (select from terms o where o.organization_id = l.organization_id
        and o.subscription_id = t.subscription_id and o.ordinal < t.ordinal and o.refunded_at is null
        and tstzrange(o.starts_at, o.ends_at) && tstzrange(l.starts_at, l.ends_at))`)
  return new Set(rows.map(({ id }) => id))
}

/** Of terms that were paid, those whose days had been paid otherwise meanwhile. */
export async function paidTwice<Term extends { checkoutId: string; checkoutLineId: string }>(
  scope: Scope,
  paid: readonly Term[],
): Promise<Set<Term>> {
  const found = new Set<Term>()
  for (const checkoutId of new Set(paid.map((term) => term.checkoutId))) {
    const lines = await linesPaidTwice(scope, checkoutId)
    for (const term of paid) if (lines.has(term.checkoutLineId)) found.add(term)
  }
  return found
}
