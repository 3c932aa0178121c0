import { z } from 'zod'
import { command } from '@/lib/command'
import { enqueue } from '@/lib/jobs/enqueue'
import { nameOf, recordEnd } from './end'
import { changeAutomatic, lockAutomatic } from './queries'

const SettleAutomatic = z.object({
  renewalId: z.uuid('not_found'),
  /** How Stripe says that its subscription stands; null where it has none. */
  told: z
    .object({
      stripeSubscriptionId: z.string().startsWith('sub_'),
      state: z.enum(['live', 'failing', 'paused', 'ended']),
      /** Why it has ended, if it has. */
      because: z.enum(['payment_failed', 'customer_deleted', 'at_stripe']),
      chargesAt: z.date(),
    })
    .nullable(),
})

/**
 * Brings an automatic renewal to where Stripe says that its subscription is, as often as it is told. One that has ended here
 * is ended there, and the other way round; a second one, of which an answer was lost, is ended there.
 * @throws NotFound where the organization has none such
 */
export const settleAutomatic = command(
  'automatic.settle',
  SettleAutomatic,
  async (scope, { renewalId, told }): Promise<{ effect: string }> => {
    const { tx, organizationId, now, audit, unchanged } = scope
    const row = await lockAutomatic(tx, organizationId, renewalId)
    if (!told) {
      unchanged()
      if (row.endedAt) await changeAutomatic(tx, row, { cancelledAt: now })
      return { effect: 'none' }
    }
    const { stripeSubscriptionId, state, chargesAt } = told
    const isOther = row.stripeSubscriptionId !== null && row.stripeSubscriptionId !== stripeSubscriptionId
    if (isOther || (row.endedAt && state !== 'ended')) {
      unchanged()
      if (state === 'ended') return { effect: 'none' }
      await enqueue(tx, 'end_automatic', { organizationId, renewalId, stripeSubscriptionId })
      return { effect: isOther ? 'second' : 'ends' }
    }
    const started = row.startedAt ? {} : { stripeSubscriptionId, startedAt: now }
    if (state === 'ended' || state === 'paused') {
      if (row.endedAt) unchanged()
      else await recordEnd(scope, row, told.because)
      const changes = { ...started, ...(state === 'ended' && { cancelledAt: now }) }
      // Of one that was on and is paused nothing else changes.
      if (Object.keys(changes).length > 0) await changeAutomatic(tx, row, changes)
      return { effect: 'ended' }
    }
    await changeAutomatic(tx, row, {
      ...started,
      chargesAt,
      ...(state === 'failing' ? { failedAt: row.failedAt ?? now } : { failedAt: null }),
    })
    if (row.startedAt) {
      unchanged()
      return { effect: state }
    }
    // What is paid may have changed since Stripe was asked.
    const { subscriptionId } = row
    await enqueue(
      tx,
      'align_automatic',
      { organizationId, subscriptionId },
      { jobKey: `align:${subscriptionId}` },
    )
    const { keyId, product, shortId } = await nameOf(tx, row)
    audit({ action: 'automatic.start', ...keyId, details: { product, shortId } })
    return { effect: 'started' }
  },
)
