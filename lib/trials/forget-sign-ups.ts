import { and, isNotNull, isNull, lt } from 'drizzle-orm'
import { trialSignUps } from '@/db/schema/trials'
import type { SystemTx } from '@/db/scope'

const keptDays = 30

/** Who signed up and never confirmed it. That somebody did stays, to be counted; of the others their network goes, too. */
export async function forgetSignUps(tx: SystemTx, now: Date) {
  const old = lt(trialSignUps.createdAt, new Date(now.getTime() - keptDays * 86_400_000))
  await tx
    .update(trialSignUps)
    .set({ network: null })
    .where(and(old, isNotNull(trialSignUps.network)))
  return tx
    .update(trialSignUps)
    .set({ email: null, organizationName: null, url: null })
    .where(and(old, isNull(trialSignUps.confirmedAt), isNotNull(trialSignUps.email)))
}
