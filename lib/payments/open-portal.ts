import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { organizations } from '@/db/schema/organizations'
import { billingAccounts } from '@/db/schema/payments'
import { type By, command } from '@/lib/command'
import { env } from '@/lib/env'
import { NotFound, Refused } from '@/lib/errors'
import { asking, whileSomebodyWaits } from './stripe'

/** Says whose customer, to whoever may. */
export const readyForPortal = command(
  'billing.open_portal',
  z.object({}),
  async ({ tx, organizationId, audit }) => {
    const [account] = await tx
      .select()
      .from(billingAccounts)
      .where(eq(billingAccounts.organizationId, organizationId))
    if (!account?.customerId) throw new Refused('no_customer')
    const [organization] = await tx.select().from(organizations).where(eq(organizations.id, organizationId))
    if (!organization) throw new NotFound('organization')
    audit({})
    return { customer: account.customerId, slug: organization.slug }
  },
)

/**
 * Stripe's pages of payment methods, billing address and tax IDs: https://docs.stripe.com/customer-management/integrate-customer-portal
 * @returns where they are, for this person and for a while
 * @throws Refused `no_customer` where Stripe knows none yet; Unavailable where it does not serve us
 */
export async function openPortal(by: By): Promise<{ url: string }> {
  const { customer, slug } = await readyForPortal(by, {})
  const back = `${env().PUBLIC_URL}/${slug}/billing`
  // Each is another: the address is good once, and for minutes.
  const { url } = await whileSomebodyWaits(() =>
    asking((stripe) => stripe.billingPortal.sessions.create({ customer, return_url: back })),
  )
  return { url }
}
