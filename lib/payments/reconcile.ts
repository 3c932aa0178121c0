import { and, asc, desc, isNotNull, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { checkouts, stripeReconciliations } from '@/db/schema/payments'
import { asSystem, withoutScope } from '@/db/scope'
import { now } from '@/lib/clock'
import { vendorCommand } from '@/lib/command'
import { newId } from '@/lib/ids'
import { log } from '@/lib/log'
import { reconcileAutomatic } from './automatic/reconcile'
import { comparePayments } from './compare'
import { storeEvent } from './receive-event'
import { eventSubjects } from './rules'
import { asking, isMissing, type Stripe, sells } from './stripe'
import { syncCheckout } from './sync-checkout'

const hour = 3_600_000
/** So long does Stripe show what has happened: https://docs.stripe.com/api/events/list */
const longest = 30 * 24 * hour
/** For what Stripe lists late, and for a clock that is ahead of Stripe's. */
const margin = hour
/** Stripe's most, of types in one question and of events in one answer. */
const mostTypes = 20
const perPage = 100

const RecordReconciliation = z.object({
  ranAt: z.date(),
  missed: z.number().int(),
  settled: z.number().int(),
})

const recordReconciliation = vendorCommand(
  'stripe.reconcile',
  RecordReconciliation,
  async ({ tx, now: at, audit, unchanged }, { ranAt, missed, settled }) => {
    await tx.insert(stripeReconciliations).values({ id: newId(at), ranAt, missed, settled })
    if (missed + settled === 0) return unchanged()
    audit({ details: { missed, settled } })
  },
)

/**
 * Finds what the portal has missed, and makes up for it: every event since the last time that this was done goes into the
 * queue unless it is there, and every Checkout that has not ended is asked for. Not only what came after the last event that
 * was received: one that was lost may have been followed by others.
 * @returns how many events had not come, and how many Checkouts stood otherwise than was known
 * @throws Unavailable where Stripe or the database does not serve us: run again, it begins where it had begun
 */
export async function reconcile(): Promise<{ missed: number; settled: number }> {
  const ranAt = now()
  const from = await lastRun(ranAt)
  const missed = await queueMissed(from)
  const settled = await settleOpen()
  await recordReconciliation({ actor: { kind: 'system' } }, { ranAt, missed, settled })
  log.info({ from, missed, settled }, 'Stripe was asked what was missed')
  return { missed, settled }
}

/** The job `reconcile_payments`: what was missed, and then what still differs. Run twice, it finds nothing the second time. */
export async function reconcileNightly() {
  if (!sells()) return
  await reconcile()
  await reconcileAutomatic()
  await comparePayments()
}

async function lastRun(at: Date): Promise<Date> {
  const [last] = await withoutScope((tx) =>
    tx
      .select({ ranAt: stripeReconciliations.ranAt })
      .from(stripeReconciliations)
      .orderBy(desc(stripeReconciliations.ranAt))
      .limit(1),
  )
  const earliest = at.getTime() - longest
  return new Date(Math.max(earliest, (last?.ranAt.getTime() ?? 0) - margin))
}

async function queueMissed(from: Date): Promise<number> {
  const all = Object.keys(eventSubjects)
  const created = { gte: Math.floor(from.getTime() / 1_000) }
  let missed = 0
  for (let first = 0; first < all.length; first += mostTypes) {
    const types = all.slice(first, first + mostTypes)
    let after: string | undefined
    do {
      const more = after ? { starting_after: after } : {}
      const page = await asking((stripe) => stripe.events.list({ types, created, limit: perPage, ...more }))
      missed += await storeAll(page.data)
      after = page.has_more ? page.data.at(-1)?.id : undefined
    } while (after)
  }
  return missed
}

async function storeAll(events: Stripe.Event[]): Promise<number> {
  const at = now()
  const stored = await Promise.all(events.map((event) => storeEvent(event, at, true)))
  return stored.filter(Boolean).length
}

/** One after the other: nobody waits, and those who do have Stripe's limit for themselves. */
async function settleOpen(): Promise<number> {
  const open = await asSystem('ask Stripe for Checkouts that have not ended', (tx) =>
    tx
      .select({ sessionId: checkouts.sessionId })
      .from(checkouts)
      .where(and(isNull(checkouts.endedAt), isNotNull(checkouts.sessionId)))
      .orderBy(asc(checkouts.id)),
  )
  let settled = 0
  for (const { sessionId } of open) if (sessionId && (await settle(sessionId))) settled += 1
  return settled
}

async function settle(sessionId: string): Promise<boolean> {
  try {
    return !['none', 'not_ours'].includes(await syncCheckout(sessionId))
  } catch (error) {
    // Begun with a key of another account or mode: nobody can pay it here.
    if (isMissing(error)) return false
    throw error
  }
}
