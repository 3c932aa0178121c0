import type { By } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { isId } from '@/lib/ids'
import { settleSetup } from './automatic/sync'
import { settleCheckout } from './settle-checkout'
import { asking, type Stripe } from './stripe'

/**
 * Asks Stripe how a Checkout stands, and brings ours there.
 * @returns what became of it, for the event's record
 * @throws Unavailable where Stripe does not serve us
 */
export async function syncCheckout(sessionId: string): Promise<string> {
  return (await settleSession(sessionId)).outcome
}

/** As `syncCheckout`. @returns also the invoice of what was paid */
export async function settleSession(
  sessionId: string,
): Promise<{ outcome: string; invoiceId: string | null }> {
  const session = await asking((stripe) =>
    stripe.checkout.sessions.retrieve(sessionId, { expand: ['payment_intent'] }),
  )
  if (session.mode === 'setup') return { outcome: await settleSetup(session), invoiceId: null }
  const { organization, checkout } = session.metadata ?? {}
  if (!isId(organization) || !isId(checkout)) return { outcome: 'not_ours', invoiceId: null }
  try {
    const by: By = { actor: { kind: 'system' }, organizationId: organization }
    const facts = factsOf(session)
    const { effect } = await settleCheckout(by, { checkoutId: checkout, session: facts })
    return { outcome: effect, invoiceId: facts.invoiceId }
  } catch (error) {
    if (error instanceof NotFound) return { outcome: 'not_ours', invoiceId: null }
    throw error
  }
}

function factsOf({ id, status, payment_status, payment_intent, invoice }: Stripe.Checkout.Session) {
  const intent = typeof payment_intent === 'object' ? payment_intent : null
  return {
    sessionId: id,
    complete: status === 'complete',
    expired: status === 'expired',
    paid: status === 'complete' && payment_status !== 'unpaid',
    // A debit that bounced asks for another means of payment: https://docs.stripe.com/payments/paymentintents/lifecycle
    failed: status === 'complete' && intent?.status === 'requires_payment_method',
    invoiceId: typeof invoice === 'string' ? invoice : (invoice?.id ?? null),
  }
}
