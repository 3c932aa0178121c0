import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { trialSignUps } from '@/db/schema/trials'
import { command } from '@/lib/command'
import { NotFound } from '@/lib/errors'
import { openJoinRequest } from '@/lib/organizations/join'

/**
 * Asks the owners of the organization that one's mail domain belongs to, once that address is confirmed: only a sign-up that leads
 * there names it. Asked again it stays as it is.
 * @throws NotFound for a sign-up that is another's, or leads elsewhere; Conflict and Refused as `openJoinRequest` does
 */
export const askToJoinByDomain = command(
  'trial.ask_to_join',
  z.object({ signUpId: z.uuid('not_found') }),
  async ({ tx, organizationId, personId, now, audit, unchanged }, { signUpId }) => {
    const ofSignUp = and(eq(trialSignUps.organizationId, organizationId), eq(trialSignUps.id, signUpId))
    const [signUp] = await tx.select().from(trialSignUps).where(ofSignUp).for('update')
    if (!personId || signUp?.personId !== personId || signUp.outcome !== 'joins')
      throw new NotFound('sign_up')
    if (signUp.requestId) return unchanged()
    const requestId = await openJoinRequest(tx, { organizationId, personId, key: null, now })
    await tx.update(trialSignUps).set({ requestId }).where(ofSignUp)
    audit({ details: { name: signUp.email ?? '', request: requestId } })
  },
)
