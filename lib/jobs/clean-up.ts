import { lt, or } from 'drizzle-orm'
import { commandRuns, rateLimits } from '@/db/schema/commands'
import { emailChanges, knownBrowsers, sessions } from '@/db/schema/people'
import { signIns } from '@/db/schema/sign-ins'
import { asSystem } from '@/db/scope'
import { countOldChecks } from '@/lib/activations/count-checks'
import { forgetUnlisted } from '@/lib/activations/forget-unlisted'
import { now } from '@/lib/clock'
import { log } from '@/lib/log'
import { idleHours } from '@/lib/people/rules'
import { forgetSignUps } from '@/lib/trials/forget-sign-ups'

const day = 86_400_000
const signInDays = 1
// So long a link can say what has become of its change.
const emailChangeDays = 7
const commandRunDays = 30
// As long as the browser's own cookie.
const knownBrowserDays = 365

/** The job `clean_up`: removes what has ended and what nobody will ask for again. What happened stays in the audit trail. */
export async function cleanUp() {
  const at = now()
  const before = (milliseconds: number) => new Date(at.getTime() - milliseconds)
  const removed = await asSystem('remove what has ended', async (tx) => {
    const counts = [
      await tx.delete(emailChanges).where(lt(emailChanges.expiresAt, before(emailChangeDays * day))),
      await tx.delete(signIns).where(lt(signIns.expiresAt, before(signInDays * day))),
      await forgetSignUps(tx, at),
      await tx
        .delete(sessions)
        .where(or(lt(sessions.expires, at), lt(sessions.lastUsedAt, before(idleHours * 3_600_000)))),
      await tx.delete(rateLimits).where(lt(rateLimits.expire, Date.now())),
      await tx.delete(commandRuns).where(lt(commandRuns.ranAt, before(commandRunDays * day))),
      await tx.delete(knownBrowsers).where(lt(knownBrowsers.lastUsedAt, before(knownBrowserDays * day))),
    ]
    return counts.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0)
  })
  const counted = await countOldChecks(at)
  const forgotten = await forgetUnlisted(at)
  log.info({ removed, counted, forgotten }, 'what had ended was removed')
}
