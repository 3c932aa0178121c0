import { z } from 'zod'
import { command, type Scope } from '@/lib/command'
import { NotFound, Refused } from '@/lib/errors'
import { withoutKeys } from '@/lib/keys/free-text'
import { at } from '@/lib/keys/issue'
import { timeZoneOf } from '@/lib/organizations/queries'
import { openRequest } from '@/lib/organizations/request'
import { refusedFacts } from './grant'
import { trialVerdict } from './offers'
import { findTrial } from './queries'
import { mayAskForTime } from './rules'

const reason = z.string('required').trim().min(1, 'required').max(1_000, 'too_long')
const AskForTrial = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('trial_time'), keyId: z.uuid('not_found'), reason }),
  z.object({
    kind: z.literal('second_trial'),
    productId: z.uuid('not_found'),
    instanceId: z.uuid('not_found').nullable(),
    reason,
  }),
])

/** Of a member, in a day: each is a mail to the account managers. */
const mostAsked = 10

/**
 * Asks the account manager for more time of a trial, or for a further trial of a product.
 * @throws NotFound; Refused with the verdict of `mayAskForTime` or `mayTryAgain`; Conflict `already_asked`
 */
export const askForTrial = command(
  'trial.ask',
  AskForTrial,
  async (scope, input) => {
    const { tx, organizationId, personId, now, audit } = scope
    if (!personId) throw new Error('only members ask')
    const found = input.kind === 'trial_time' ? await timeOf(scope, input.keyId) : await againAt(scope, input)
    const { about, keyId, instanceId, ...facts } = found
    const written = await withoutKeys(tx, input.reason)
    const requestId = await openRequest(tx, { organizationId, personId, reason: written, now, about })
    const details = { request: requestId, kind: about.kind, ...facts, note: written }
    audit({ ...(keyId && { keyId }), ...at(instanceId), details })
    return { requestId }
  },
  {
    once: true,
    limits: (_, personId) => [{ name: 'ask', key: personId ?? '', points: mostAsked, perSeconds: 86_400 }],
  },
)

async function timeOf({ tx, organizationId, now }: Scope, keyId: string) {
  const trial = await findTrial(tx, organizationId, keyId, now)
  if (!trial) throw new NotFound('key')
  const { shortId, product, instanceId } = trial
  const verdict = mayAskForTime(trial, now, await timeZoneOf(tx, organizationId))
  if (!verdict.ok) throw new Refused(verdict.because, { shortId, product })
  return { about: { kind: 'trial_time' as const, keyId }, keyId, instanceId, shortId, product }
}

async function againAt(
  { tx, organizationId, now }: Scope,
  { productId, instanceId }: { productId: string; instanceId: string | null },
) {
  const found = await trialVerdict(tx, organizationId, now, { productId, instanceId })
  if (!found) throw new NotFound('product')
  const { product, again } = found
  if (!again.ok) throw new Refused(again.because, refusedFacts(found, again))
  const about = { kind: 'second_trial' as const, productId, instanceId }
  return { about, keyId: null, instanceId, product: product.name }
}
