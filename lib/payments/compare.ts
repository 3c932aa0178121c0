import { asSystem } from '@/db/scope'
import { now } from '@/lib/clock'
import { isId } from '@/lib/ids'
import { log } from '@/lib/log'
import { differencesOfAutomatic } from './automatic/compare'
import { checkoutsToCompare, checkoutToCompare, differencesOfEvents } from './compared'
import { type Difference, differencesOf, type OurCheckout, type TheirSession } from './differences'
import { recordDifferences } from './record-differences'
import { asking, isMissing, type Stripe } from './stripe'
import { syncCheckout } from './sync-checkout'

/** What was begun before is compared no more, unless it has not ended, or differed when it was last compared. */
const comparedDays = 30
const perPage = 100

/** A session that Stripe has for us, with the Checkout that it names. */
interface Listed extends TheirSession {
  checkoutId: string
}

/**
 * Compares what Stripe says is paid with the terms and keys here. What another look at Stripe sets right is set right; the
 * rest is listed for staff until it is no longer so.
 * @returns the differences that there are now
 * @throws Unavailable where Stripe or the database does not serve us
 */
export async function comparePayments(): Promise<Difference[]> {
  const at = now()
  const since = new Date(at.getTime() - comparedDays * 86_400_000)
  // Theirs first: what is paid between the two questions is here, and no difference.
  const listed = await listSessions(since)
  const byCheckout = new Map([...listed.values()].map((session) => [session.checkoutId, session]))
  const ours = await asSystem('compare payments with Stripe', (tx) =>
    checkoutsToCompare(tx, since, [...byCheckout.keys()]),
  )
  const found: Difference[] = []
  for (const one of ours) {
    const session = one.sessionId ? listed.get(one.sessionId) : byCheckout.get(one.id)
    if (session) listed.delete(session.id)
    found.push(...(await stillDiffering(one, session)))
  }
  // A Checkout that is not known here, or a second session of one that is.
  for (const session of listed.values()) found.push(...differencesOf(undefined, session))
  found.push(...(await asSystem('compare payments with Stripe', (tx) => differencesOfEvents(tx, at))))
  found.push(...(await differencesOfAutomatic()))
  await recordDifferences({ actor: { kind: 'system' } }, { found })
  log.info({ compared: ours.length, differences: found.length }, 'payments were compared with Stripe')
  return found
}

/** A difference that was seen in passing is none: both are asked once more. */
async function stillDiffering(ours: OurCheckout, listed: Listed | undefined): Promise<Difference[]> {
  if (listed && differencesOf(ours, listed).length === 0) return []
  if (!listed && ours.state !== 'paid') return []
  const sessionId = listed?.id ?? ours.sessionId
  const session = sessionId ? await findSession(sessionId) : undefined
  if (session) await syncCheckout(session.id)
  const now = await asSystem('compare payments with Stripe', (tx) => checkoutToCompare(tx, ours.id))
  // Paid after it was asked, and settled since.
  const isBehind = session && !session.paid && now?.state === 'paid'
  return differencesOf(now, isBehind ? await findSession(session.id) : session)
}

async function listSessions(since: Date): Promise<Map<string, Listed>> {
  const found = new Map<string, Listed>()
  const created = { gte: Math.floor(since.getTime() / 1_000) }
  await asking((stripe) =>
    stripe.checkout.sessions.list({ created, limit: perPage }).autoPagingEach((session) => {
      const { organization, checkout } = session.metadata ?? {}
      if (isId(organization) && isId(checkout))
        found.set(session.id, { ...factsOf(session), checkoutId: checkout })
    }),
  )
  return found
}

/** @returns undefined where Stripe has none such, for this key */
async function findSession(id: string): Promise<TheirSession | undefined> {
  try {
    return factsOf(await asking((stripe) => stripe.checkout.sessions.retrieve(id)))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

const factsOf = (session: Stripe.Checkout.Session): TheirSession => ({
  id: session.id,
  paid: session.status === 'complete' && session.payment_status !== 'unpaid',
  currency: session.currency,
  amount: session.amount_subtotal,
})
