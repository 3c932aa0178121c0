import { z } from 'zod'
import { command } from '@/lib/command'
import { productToIssue } from '@/lib/keys/issue'
import { addTerm, lockSubscription } from './add-term'
import { longestTerm } from './rules'

const RenewSubscription = z.object({
  subscriptionId: z.uuid('not_found'),
  months: z.number().int().min(1).max(longestTerm).default(12),
})

/**
 * Adds the next term and issues its key at once. Two renewals at the same moment are two terms, one after the other:
 * whoever may not want that brings one idempotency key.
 */
export const renewSubscription = command(
  'subscription.renew',
  RenewSubscription,
  async ({ tx, organizationId, now, audit }, { subscriptionId, months }) => {
    const { productId } = await lockSubscription(tx, organizationId, subscriptionId)
    const product = await productToIssue(tx, productId)
    const { entry, keyId, shortId } = await addTerm(tx, {
      organizationId,
      subscriptionId,
      product,
      months,
      now,
    })
    audit(entry)
    return { keyId, shortId }
  },
  { once: true },
)
