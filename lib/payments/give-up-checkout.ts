import { z } from 'zod'
import { type By, command } from '@/lib/command'
import { type CheckoutState, checkoutState } from './rules'
import { endCheckout, lockCheckout } from './settle-checkout'
import { asking, whileSomebodyWaits } from './stripe'
import { syncCheckout } from './sync-checkout'

const GiveUp = z.object({
  checkoutId: z.uuid('not_found'),
  /** Stripe takes no payment for it any more. */
  closed: z.boolean(),
})

const recordGivenUp = command(
  'checkout.give_up',
  GiveUp,
  async ({ tx, organizationId, now, audit, unchanged }, { checkoutId, closed }) => {
    const { sessionId, currency, amount, ...checkout } = await lockCheckout(tx, organizationId, checkoutId)
    const state = checkoutState(checkout)
    if (state !== 'open' || (sessionId && !closed)) {
      unchanged()
      return { state, sessionId }
    }
    await endCheckout(tx, organizationId, checkoutId, { ended: 'given_up', endedAt: now })
    audit({ details: { currency, amount } })
    return { state: 'given_up' as const, sessionId }
  },
)

/**
 * Gives an open Checkout up, so that its lines can be paid again. Stripe is told first: what nobody can pay any more is over.
 * @returns how it stands then: `paid`, where somebody was faster
 * @throws Unavailable where Stripe does not serve us: nothing has changed
 */
export const giveUpCheckout = (by: By, checkoutId: string): Promise<CheckoutState> =>
  whileSomebodyWaits(() => giveUp(by, checkoutId))

async function giveUp(by: By, checkoutId: string): Promise<CheckoutState> {
  const { state, sessionId } = await recordGivenUp(by, { checkoutId, closed: false })
  if (state !== 'open' || !sessionId) return state
  if (await close(sessionId)) return (await recordGivenUp(by, { checkoutId, closed: true })).state
  await syncCheckout(sessionId)
  return (await recordGivenUp(by, { checkoutId, closed: false })).state
}

/** @returns whether nobody can pay it any more */
async function close(sessionId: string): Promise<boolean> {
  const session = await asking((stripe) => stripe.checkout.sessions.retrieve(sessionId))
  if (session.status !== 'open') return session.status === 'expired'
  const { status } = await asking((stripe) => stripe.checkout.sessions.expire(sessionId))
  return status === 'expired'
}
