import { and, eq, isNull } from 'drizzle-orm'
import { people } from '@/db/schema/people'
import { trialSignUps } from '@/db/schema/trials'
import type { SystemTx } from '@/db/scope'
import { newId } from '@/lib/ids'
import { enqueue } from '@/lib/jobs/enqueue'
import type { Language } from '@/lib/messages/translator'

/** Whoever confirms goes on in the same request; where that broke off, a job does, after so many milliseconds. */
const goesOnAfter = 60_000

interface Confirmed {
  trialSignUpId: string
  personId: string
  now: Date
}

/** Notes whose the address of a sign-up is, and sees to it that what follows from that is done. A second mail changes nothing. */
export async function confirmSignUp(tx: SystemTx, { trialSignUpId, personId, now }: Confirmed) {
  await tx
    .update(trialSignUps)
    .set({ confirmedAt: now, personId })
    .where(and(eq(trialSignUps.id, trialSignUpId), isNull(trialSignUps.confirmedAt)))
  const options = { jobKey: `sign-up:${trialSignUpId}`, runAt: new Date(now.getTime() + goesOnAfter) }
  await enqueue(tx, 'settle_sign_up', { signUpId: trialSignUpId }, options)
}

interface Newcomer {
  email: string
  language: Language
  trialSignUpId: string
  now: Date
}

/** Makes a person of a confirmed address, unless there is one by now. */
export async function addNewcomer(tx: SystemTx, { email, language, trialSignUpId, now }: Newcomer) {
  const [signUp] = await tx
    .select({ timeZone: trialSignUps.timeZone })
    .from(trialSignUps)
    .where(eq(trialSignUps.id, trialSignUpId))
  const timeZone = signUp?.timeZone ? { timeZone: signUp.timeZone } : {}
  await tx
    .insert(people)
    .values({ id: newId(now), email, language, ...timeZone, createdAt: now })
    .onConflictDoNothing()
}
