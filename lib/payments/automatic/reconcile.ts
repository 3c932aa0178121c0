import { and, asc, isNotNull, isNull, lt, or } from 'drizzle-orm'
import { automaticRenewals } from '@/db/schema/automatic-renewals'
import { asSystem } from '@/db/scope'
import { now } from '@/lib/clock'
import { asking, isMissing, type Stripe } from '@/lib/payments/stripe'
import { alignAutomatic } from './align'
import { bySystem } from './at-stripe'
import { endAutomatic } from './end'
import { endAtStripe } from './end-at-stripe'
import { settleSetup } from './sync'

/** A page on which a means of payment is given is open for a day. */
const longestSetup = 25 * 3_600_000

/**
 * Looks at each automatic renewal that Stripe may charge: its next charge comes to lie where what is paid ends, what has ended
 * here is ended there, and what nobody has finished switching on has ended.
 * @throws Unavailable where Stripe or the database does not serve us
 */
export async function reconcileAutomatic(): Promise<void> {
  const live = await asSystem('look at what renews by itself', (tx) =>
    tx
      .select()
      .from(automaticRenewals)
      .where(
        or(
          isNull(automaticRenewals.endedAt),
          and(isNotNull(automaticRenewals.startedAt), isNull(automaticRenewals.cancelledAt)),
          // The answer may have been lost in which Stripe said that it is on.
          and(
            isNull(automaticRenewals.cancelledAt),
            lt(automaticRenewals.begunAt, new Date(now().getTime() - longestSetup)),
          ),
        ),
      )
      .orderBy(asc(automaticRenewals.id)),
  )
  for (const { id: renewalId, organizationId, subscriptionId, ...row } of live) {
    if (row.endedAt) await endAtStripe({ organizationId, renewalId })
    else if (row.startedAt) await alignAutomatic({ organizationId, subscriptionId })
    else {
      if (row.sessionId) await lookAt(row.sessionId)
      if (row.begunAt.getTime() + longestSetup < now().getTime())
        await endAutomatic(bySystem(organizationId), { renewalId, because: 'not_set_up' })
    }
  }
}

async function lookAt(sessionId: string) {
  const session = await asking(
    (stripe): Promise<Stripe.Checkout.Session> => stripe.checkout.sessions.retrieve(sessionId),
  ).catch((error: unknown) => {
    // Begun with a key of another account or mode.
    if (isMissing(error)) return undefined
    throw error
  })
  if (session) await settleSetup(session)
}
