import { and, asc, desc, eq, isNull, max, sql } from 'drizzle-orm'
import { organizations } from '@/db/schema/organizations'
import { checkouts, paymentDifferences, stripeEvents, stripeReconciliations } from '@/db/schema/payments'
import type { StaffTx } from '@/db/scope'

/** What is listed; one that fills it is one fault, not a hundred. */
const mostListed = 100

/** How the portal stands with Stripe: when something came, when it was last asked, and what does not agree. */
export async function paymentsForStaff(tx: StaffTx) {
  const [last] = await tx
    .select({ at: max(stripeEvents.receivedAt) })
    .from(stripeEvents)
    .where(sql`not ${stripeEvents.missed}`)
  const [run] = await tx
    .select({ at: stripeReconciliations.ranAt, missed: stripeReconciliations.missed })
    .from(stripeReconciliations)
    .orderBy(desc(stripeReconciliations.ranAt))
    .limit(1)
  return {
    lastEventAt: last?.at ?? null,
    reconciledAt: run?.at ?? null,
    missed: run?.missed ?? 0,
    differences: await openDifferences(tx),
  }
}

/** Without what is visibly over since the last comparison: an event that was worked on, another that came. */
function openDifferences(tx: StaffTx) {
  const over = sql`case ${paymentDifferences.kind}
    when 'event_stuck' then exists (select from stripe_events e where e.id = ${paymentDifferences.subject} and e.done_at is not null)
    when 'silence' then exists (select from stripe_events e where not e.missed and e.received_at > ${paymentDifferences.foundAt})
    else false end`
  return tx
    .select({
      id: paymentDifferences.id,
      kind: paymentDifferences.kind,
      subject: paymentDifferences.subject,
      foundAt: paymentDifferences.foundAt,
      checkoutId: checkouts.id,
      amount: checkouts.amount,
      currency: checkouts.currency,
      slug: organizations.slug,
      organization: organizations.name,
    })
    .from(paymentDifferences)
    .leftJoin(checkouts, eq(checkouts.id, paymentDifferences.checkoutId))
    .leftJoin(organizations, eq(organizations.id, checkouts.organizationId))
    .where(and(isNull(paymentDifferences.goneAt), sql`not ${over}`))
    .orderBy(asc(organizations.name), asc(paymentDifferences.foundAt), asc(paymentDifferences.id))
    .limit(mostListed)
}
