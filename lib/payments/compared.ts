import { and, asc, eq, gte, inArray, isNotNull, isNull, lt, max, or, sql } from 'drizzle-orm'
import { keys } from '@/db/schema/keys'
import { checkoutLines, checkouts, paymentDifferences, stripeEvents } from '@/db/schema/payments'
import { terms } from '@/db/schema/subscriptions'
import type { SystemTx } from '@/db/scope'
import { type Difference, isSilent, type OurCheckout } from './differences'
import { checkoutState } from './rules'

const day = 86_400_000
/** So often an event was tried, over more than an hour, before staff are told. */
const manyTries = 10
/** What is listed of one kind: of an outage one wants to know that it is one. */
const mostEvents = 20

/**
 * The Checkouts that are compared: begun since then, not ended, differing when they were last compared, or named.
 * @param ids of those that Stripe has named
 */
export function checkoutsToCompare(
  tx: SystemTx,
  since: Date,
  ids: readonly string[],
): Promise<OurCheckout[]> {
  const differing = tx
    .select({ id: paymentDifferences.checkoutId })
    .from(paymentDifferences)
    .where(and(isNull(paymentDifferences.goneAt), isNotNull(paymentDifferences.checkoutId)))
  return read(
    tx,
    or(
      isNull(checkouts.endedAt),
      gte(checkouts.begunAt, since),
      inArray(checkouts.id, differing),
      isOneOf(ids),
    ),
  )
}

export async function checkoutToCompare(tx: SystemTx, id: string): Promise<OurCheckout | undefined> {
  return (await read(tx, eq(checkouts.id, id)))[0]
}

/** As one parameter, since there may be more than Postgres takes. */
const isOneOf = (ids: readonly string[]) => sql`${checkouts.id} = any(${sql.param(ids)}::uuid[])`

/** What renews by itself has no Checkout at Stripe: see `differencesOfAutomatic`. */
const isByHand = sql`not exists (select from automatic_charges a where a.organization_id = ${checkouts.organizationId}
  and a.checkout_id = ${checkouts.id})`

async function read(tx: SystemTx, which: ReturnType<typeof or>): Promise<OurCheckout[]> {
  const rows = await tx
    .select({
      id: checkouts.id,
      sessionId: checkouts.sessionId,
      completedAt: checkouts.completedAt,
      ended: checkouts.ended,
      currency: checkouts.currency,
      amount: checkouts.amount,
      line: { id: checkoutLines.id, endsAt: checkoutLines.endsAt },
      termEndsAt: terms.endsAt,
      keyExpiresAt: keys.expiresAt,
    })
    .from(checkouts)
    .innerJoin(
      checkoutLines,
      and(
        eq(checkoutLines.organizationId, checkouts.organizationId),
        eq(checkoutLines.checkoutId, checkouts.id),
      ),
    )
    .leftJoin(
      terms,
      and(eq(terms.organizationId, checkoutLines.organizationId), eq(terms.id, checkoutLines.termId)),
    )
    .leftJoin(
      keys,
      and(
        eq(keys.organizationId, terms.organizationId),
        eq(keys.termId, terms.id),
        isNull(keys.supersededAt),
      ),
    )
    .where(and(which, isByHand))
    .orderBy(asc(checkouts.id), asc(checkoutLines.id))
  return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((of) =>
    of.slice(0, 1).map(({ id, sessionId, completedAt, ended, currency, amount }) => ({
      ...{ id, sessionId, currency, amount },
      state: checkoutState({ completedAt, ended }),
      lines: of.map(({ line, termEndsAt, keyExpiresAt }) => ({ ...line, termEndsAt, keyExpiresAt })),
    })),
  )
}

/** What is wrong with the events themselves: they wait for too long, are of the other mode, or do not come. */
export async function differencesOfEvents(tx: SystemTx, at: Date): Promise<Difference[]> {
  const stuck = await tx
    .select({ id: stripeEvents.id })
    .from(stripeEvents)
    .where(and(isNull(stripeEvents.doneAt), gte(stripeEvents.tries, manyTries)))
    .orderBy(asc(stripeEvents.receivedAt))
    .limit(mostEvents)
  const lastWeek = gte(stripeEvents.receivedAt, new Date(at.getTime() - 7 * day))
  const modes = await tx
    .selectDistinct({ live: stripeEvents.live })
    .from(stripeEvents)
    .where(and(eq(stripeEvents.outcome, 'other_mode'), lastWeek))
  const [last] = await tx
    .select({ at: max(stripeEvents.receivedAt) })
    .from(stripeEvents)
    .where(sql`not ${stripeEvents.missed}`)
  const begun = await tx
    .select({ at: max(checkouts.begunAt) })
    .from(checkouts)
    .where(and(isNotNull(checkouts.sessionId), lt(checkouts.begunAt, new Date(at.getTime() - day))))
  const silent = isSilent(
    last?.at ?? null,
    begun.flatMap(({ at: begunAt }) => begunAt ?? []),
    at,
  )
  const of = (kind: Difference['kind'], subject: string): Difference => ({ kind, subject, checkoutId: null })
  return [
    ...stuck.map(({ id }) => of('event_stuck', id)),
    ...modes.map(({ live }) => of('other_mode', live ? 'live' : 'test')),
    ...(silent ? [of('silence', 'webhook')] : []),
  ]
}
