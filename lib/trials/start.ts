import { z } from 'zod'
import { isStaffRole } from '@/lib/access'
import { command } from '@/lib/command'
import { Refused } from '@/lib/errors'
import { Note, noteOf } from '@/lib/keys/free-text'
import { at } from '@/lib/keys/issue'
import { askFirst, doubtOf } from './doubt'
import { issueTrial, mayBegin } from './grant'

const StartTrial = z.object({
  productId: z.uuid('not_found'),
  instanceId: z.uuid('not_found').nullable(),
  note: Note.optional(),
})

/** Its key, or what it waits for. */
type TrialStarted = { keyId: string; shortId: string } | { requestId: string }

/**
 * Issues a trial key for the product's 15 or 30 days; it ends at midnight after the last of them. Staff say why. Of two at the
 * same moment the database lets one: a product is tried once. Where there is a doubt, a member asks the
 * account manager by it, and it waits.
 * @throws NotFound for a product or an instance that is not there; Refused with the verdict of `mayTry`; Conflict `already_asked`
 */
export const startTrialOrAsk = command(
  'trial.start',
  StartTrial,
  async (scope, { productId, instanceId, note }): Promise<TrialStarted> => {
    const { tx, organizationId, audit } = scope
    const isMembers = scope.personId && !isStaffRole(scope.role)
    const doubt = isMembers ? await doubtOf(tx, organizationId, instanceId) : null
    if (doubt) {
      const product = await mayBegin(scope, { productId, instanceId })
      return { requestId: await askFirst(scope, { productId, instanceId, product, doubt }) }
    }
    const written = await noteOf(scope, note)
    const { keyId, shortId, product, endsAt } = await issueTrial(scope, { productId, instanceId })
    const details = { shortId, product, until: endsAt.toISOString(), ...(written && { note: written }) }
    audit({ keyId, ...at(instanceId), details })
    return { keyId, shortId }
  },
  { once: true },
)

/** The same for whoever knows that nothing is in doubt. @throws Refused `trial_waits` once it was asked for */
export async function startTrial(...asked: Parameters<typeof startTrialOrAsk>) {
  const started = await startTrialOrAsk(...asked)
  if ('requestId' in started) throw new Refused('trial_waits')
  return started
}
