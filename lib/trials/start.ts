import { z } from 'zod'
import { command } from '@/lib/command'
import { Note, noteOf } from '@/lib/keys/free-text'
import { at } from '@/lib/keys/issue'
import { issueTrial } from './grant'

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
    const { audit } = scope
    const written = await noteOf(scope, note)
    const { keyId, shortId, product, endsAt } = await issueTrial(scope, { productId, instanceId })
    const details = { shortId, product, until: endsAt.toISOString(), ...(written && { note: written }) }
    audit({ keyId, ...at(instanceId), details })
    return { keyId, shortId }
  },
  { once: true },
)
