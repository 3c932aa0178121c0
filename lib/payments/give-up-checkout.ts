import { z } from 'zod'
import { type By, command } from '@/lib/command'
import { type CheckoutState, checkoutState } from './rules'
import { endCheckout, lockCheckout } from './settle-checkout'
import { asking, whileSomebodyWaits } from './stripe'
import { syncCheckout } from './sync-checkout'

const GiveUp = z.object({
  checkoutId: z.uuid('not_found'),
  /** Stripe takes no payment for it any more; since we said so, or it had expired by itself. */
  closed: z.enum(['now', 'before']).optional(),
  /** What it was for was revoked: only the system says so. */
  revoked: z.boolean().default(false),
})

const recordGivenUp = command(
  'checkout.give_up',
  GiveUp,
  async ({ tx, organizationId, role, now, audit, unchanged }, { checkoutId, closed, revoked }) => {
    const { sessionId, currency, amount, ...checkout } = await lockCheckout(tx, organizationId, checkoutId)
    const state = checkoutState(checkout)
    // What Stripe tells of our closing it may be here before us.
    const isOpen = state === 'open' || (state === 'expired' && closed === 'now')
    if (!isOpen || (sessionId && !closed)) {
      unchanged()
      return { state, sessionId }
    }
    const ended: CheckoutState = revoked && role === 'system' ? 'revoked' : 'given_up'
    await endCheckout(tx, organizationId, checkoutId, { ended, endedAt: now })
    audit({ action: `checkout.${ended === 'revoked' ? ended : 'give_up'}`, details: { currency, amount } })
    return { state: ended, sessionId }
  },
)

/**
 * Gives an open Checkout up, so that its lines can be paid again. Stripe is told first: what nobody can pay any more is over.
 * @returns how it stands then: `paid`, where somebody was faster
 * @throws Unavailable where Stripe does not serve us: nothing has changed
 */
export const giveUpCheckout = (by: By, checkoutId: string): Promise<CheckoutState> =>
  whileSomebodyWaits(() => giveUp(by, { checkoutId }))

/** As `giveUpCheckout`, since a key that it would renew was revoked. */
export const closeRevoked = (organizationId: string, checkoutId: string): Promise<CheckoutState> =>
  giveUp({ actor: { kind: 'system' }, organizationId }, { checkoutId, revoked: true })

async function giveUp(by: By, given: { checkoutId: string; revoked?: true }): Promise<CheckoutState> {
  const { state, sessionId } = await recordGivenUp(by, given)
  if (state !== 'open' || !sessionId) return state
  const closed = await close(sessionId)
  if (!closed) await syncCheckout(sessionId)
  return (await recordGivenUp(by, { ...given, closed })).state
}

/** @returns undefined where somebody was faster, and has paid */
async function close(sessionId: string): Promise<z.infer<typeof GiveUp>['closed']> {
  const session = await asking((stripe) => stripe.checkout.sessions.retrieve(sessionId))
  if (session.status !== 'open') return session.status === 'expired' ? 'before' : undefined
  const { status } = await asking((stripe) => stripe.checkout.sessions.expire(sessionId))
  return status === 'expired' ? 'now' : undefined
}
