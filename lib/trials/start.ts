import { z } from 'zod'
import { isTaken } from '@/db/failures'
import { command } from '@/lib/command'
import { NotFound, Refused } from '@/lib/errors'
import { enqueue } from '@/lib/jobs/enqueue'
import { Note, noteOf } from '@/lib/keys/free-text'
import { at, productToIssue, writeKey } from '@/lib/keys/issue'
import { trialVerdict } from './offers'
import type { TrialVerdict } from './rules'

const StartTrial = z.object({
  productId: z.uuid('not_found'),
  instanceId: z.uuid('not_found').nullable(),
  note: Note.optional(),
})

/**
 * Issues a trial key for the product's 15 or 30 days; it ends at midnight after the last of them. Staff say why. Of two at the
 * same moment the database lets one: a product is tried once.
 * @throws NotFound for a product or an instance that is not there; Refused with the verdict of `mayTry`.
 */
export const startTrial = command(
  'trial.start',
  StartTrial,
  async (scope, { productId, instanceId, note }) => {
    const { tx, organizationId, now, audit } = scope
    const written = await noteOf(scope, note)
    const found = await trialVerdict(tx, organizationId, now, { productId, instanceId })
    if (!found) throw new NotFound('product')
    const { verdict, product } = found
    if (!verdict.ok) throw new Refused(verdict.because, factsOf(found, verdict))
    const key = await writeKey(tx, {
      organizationId,
      product: await productToIssue(tx, productId),
      kind: 'trial',
      instanceId,
      startsAt: now,
      expiresAt: verdict.endsAt,
      now,
    }).catch((error: unknown) => {
      // Which trial of the product it is, the database keeps unique.
      throw isTaken(error) ? new Refused('tried_before', { product: product.name }) : error
    })
    await enqueue(tx, 'mail.trial_begun', { organizationId, keyId: key.id })
    const until = verdict.endsAt.toISOString()
    const details = { shortId: key.shortId, product: product.name, until, ...(written && { note: written }) }
    audit({ keyId: key.id, ...at(instanceId), details })
    return { keyId: key.id, shortId: key.shortId }
  },
  { once: true },
)

type Judged = NonNullable<Awaited<ReturnType<typeof trialVerdict>>>

function factsOf({ product, instance }: Judged, verdict: Exclude<TrialVerdict, { ok: true }>) {
  const facts = { product: product.name, instance: instance?.label ?? 'none' }
  if ('trial' in verdict) return { ...facts, shortId: verdict.trial.shortId }
  if ('has' in verdict) return { ...facts, shortId: verdict.has.shortId, suite: verdict.has.product }
  return 'of' in verdict ? { ...facts, of: verdict.of.label } : facts
}
