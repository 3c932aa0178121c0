import { z } from 'zod'
import { command } from '@/lib/command'
import { NotFound, Refused } from '@/lib/errors'
import { moveEnd } from '@/lib/keys/extend'
import { Note, noteOf } from '@/lib/keys/free-text'
import { at } from '@/lib/keys/issue'
import { aboutKey, lockKey } from '@/lib/keys/lock'
import { timeZoneOf } from '@/lib/organizations/queries'
import { findTrial } from './queries'
import { mayExtendTrial } from './rules'

const ExtendTrial = z.object({ keyId: z.uuid('not_found'), note: Note.optional() })

/**
 * Makes a trial longer without asking anybody, once. Staff say why.
 * @throws NotFound; Refused with the verdict of `mayExtendTrial`
 */
export const extendTrial = command(
  'trial.extend',
  ExtendTrial,
  async (scope, { keyId, note }) => {
    const { tx, organizationId, personId, now, audit } = scope
    const written = await noteOf(scope, note)
    // Held before anything is read: of fifty at once the later ones find it extended.
    await lockKey(tx, organizationId, keyId)
    const trial = await findTrial(tx, organizationId, keyId, now)
    if (!trial) throw new NotFound('key')
    const { shortId, product, instanceId, endsAt: from } = trial
    const verdict = mayExtendTrial(trial, now, await timeZoneOf(tx, organizationId))
    if (!verdict.ok) throw new Refused(verdict.because, { shortId, product })
    const until = verdict.endsAt
    // Why, its audit entry says; of a member's own it is known.
    const reason = written ?? 'trial.extend'
    await moveEnd(tx, { organizationId, keyId, from, until, reason, personId, now })
    const details = { shortId, product, until: until.toISOString(), ...(written && { note: written }) }
    audit({ keyId, ...at(instanceId), details })
    return { until: until.toISOString() }
  },
  { once: true, about: ({ keyId }) => aboutKey(keyId) },
)
