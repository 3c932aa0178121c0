import { z } from 'zod'
import { isTaken } from '@/db/failures'
import { command } from '@/lib/command'
import { Refused } from '@/lib/errors'
import { at, productToIssue, writeKey } from '@/lib/keys/issue'
import { later, startOfDay } from '@/lib/organizations/calendar'
import { timeZoneOf } from '@/lib/organizations/queries'

const StartTrial = z.object({ productId: z.uuid('not_found'), instanceId: z.uuid('not_found').nullable() })

/**
 * Issues a trial key for the product's 15 or 30 days; it ends at midnight after the last of them.
 * @throws Refused `no_trial` for a product that cannot be tried, `tried_before` where the organization has had its trial.
 */
export const startTrial = command(
  'trial.start',
  StartTrial,
  async ({ tx, organizationId, now, audit }, { productId, instanceId }) => {
    const product = await productToIssue(tx, productId)
    if (!product.trialDays) throw new Refused('no_trial', { product: product.name })
    const timeZone = await timeZoneOf(tx, organizationId)
    const expiresAt = later(startOfDay(now, timeZone), timeZone, { days: product.trialDays + 1 })
    const key = await writeKey(tx, {
      organizationId,
      product,
      kind: 'trial',
      instanceId,
      startsAt: now,
      expiresAt,
      now,
    }).catch((error: unknown) => {
      // Which trial of the product it is, the database keeps unique.
      throw isTaken(error) ? new Refused('tried_before', { product: product.name }) : error
    })
    const details = { shortId: key.shortId, product: product.name, until: expiresAt.toISOString() }
    audit({ keyId: key.id, ...at(instanceId), details })
    return { keyId: key.id, shortId: key.shortId }
  },
  { once: true },
)
