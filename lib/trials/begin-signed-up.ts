import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { trialSignUps } from '@/db/schema/trials'
import { command, type Scope } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { createInstance } from '@/lib/instances/add'
import { displayHost, parseInstanceUrl } from '@/lib/instances/url'
import { at } from '@/lib/keys/issue'
import { askFirst, doubtOf } from './doubt'
import { issueTrial } from './grant'
import { trialVerdict } from './offers'

type SignUp = typeof trialSignUps.$inferSelect

/**
 * In the organization that a sign-up made: adds its GLPI and begins its trial, or asks the account manager for it where there is a
 * doubt. Once, however often and by whomever it is asked. Where the product cannot be tried any more, the GLPI alone is added.
 * @throws NotFound for a sign-up that is another's, or leads elsewhere
 */
export const beginSignedUp = command(
  'trial.begin',
  z.object({ signUpId: z.uuid('not_found') }),
  async (scope, { signUpId }) => {
    const { tx, organizationId, personId, now, unchanged } = scope
    const ofSignUp = and(eq(trialSignUps.organizationId, organizationId), eq(trialSignUps.id, signUpId))
    const [signUp] = await tx.select().from(trialSignUps).where(ofSignUp).for('update')
    if (!signUp || signUp.personId !== personId || signUp.outcome !== 'own') throw new NotFound('sign_up')
    if (signUp.begunAt) return unchanged()
    const instanceId = signUp.url ? await addTheirs(scope, signUp.url) : null
    const got = await beginOrAsk(scope, signUp, instanceId)
    await tx
      .update(trialSignUps)
      .set({ begunAt: now, ...got })
      .where(ofSignUp)
  },
)

async function addTheirs(scope: Scope, text: string): Promise<string> {
  const url = parseInstanceUrl(text)
  if (!url.ok) throw new TypeError('the sign-up took no other')
  const described = { label: displayHost(url.url), environment: 'production' as const, glpiVersion: null }
  const { instanceId, shortId, label } = await createInstance(scope, { ...described, url })
  scope.audit({ action: 'instance.add', instanceId, details: { shortId, label, url: url.url } })
  return instanceId
}

async function beginOrAsk(scope: Scope, signUp: SignUp, instanceId: string | null) {
  const { tx, organizationId, now, audit } = scope
  const { productId } = signUp
  const found = await trialVerdict(tx, organizationId, now, { productId, instanceId })
  if (!found) throw new NotFound('product')
  const { verdict } = found
  const product = found.product.name
  if (!verdict.ok) {
    audit({ outcome: 'refused', details: { because: verdict.because, product } })
    return {}
  }
  const doubt = await doubtOf(tx, organizationId, instanceId)
  if (doubt) return { requestId: await askFirst(scope, { productId, instanceId, product, doubt }) }
  const { keyId, shortId, endsAt } = await issueTrial(scope, { productId, instanceId })
  const details = { shortId, product, until: endsAt.toISOString() }
  audit({ action: 'trial.start', keyId, ...at(instanceId), details })
  return { keyId }
}
