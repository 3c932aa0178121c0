import { NotFound, Refused } from '@/lib/errors'
import { log } from '@/lib/log'
import { beginSignedUp } from './begin-signed-up'
import { decideSignUp } from './decide-sign-up'

/**
 * All that follows from a confirmed sign-up: by who confirmed it, in the same request, and by the job `settle_sign_up`. Two
 * transactions, each once in whatever order they are asked, so that it goes on where it broke off.
 */
export async function settleSignUp(signUpId: string) {
  const { outcome, organizationId, personId } = await decideSignUp(
    { actor: { kind: 'system' } },
    { signUpId },
  )
  if (outcome !== 'own' || !organizationId) return
  try {
    await beginSignedUp({ actor: { kind: 'member', personId }, organizationId }, { signUpId })
  } catch (error) {
    // Who has left it meanwhile, or tries the same there by hand, has seen to it: asking again changes nothing.
    if (!(error instanceof NotFound || error instanceof Refused)) throw error
    log.info({ signUp: signUpId, because: error.code }, 'a sign-up was not gone on with')
  }
}
