import { sql } from 'drizzle-orm'
import { asSystem } from '@/db/scope'
import { now } from '@/lib/clock'
import { enqueue } from '@/lib/jobs/enqueue'
import { log } from '@/lib/log'
import { toldAfterDays, trialMarks } from './rules'

/**
 * The job `remind_trials`: finds the trials that end soon or have just ended, and that nobody has bought. A job of its own for
 * each, so that one whose mail is not taken holds up no other; who was told already is seen there.
 */
export async function remindTrials() {
  const at = now()
  // More on both sides, for any time zone: with so many days left it ends a day later.
  const days = (count: number) =>
    sql`${new Date(at.getTime() + count * 86_400_000).toISOString()}::timestamptz`
  const asked = await asSystem('find trials that end', async (tx) => {
    const { rows } = await tx.execute<{ organizationId: string; keyId: string }>(sql`
      select organization_id as "organizationId", id as "keyId" from keys
      where kind = 'trial' and renewed_at is null
        and ends_at > ${days(-toldAfterDays - 1)} and ends_at <= ${days(trialMarks[0] + 2)}`)
    for (const trial of rows)
      await enqueue(tx, 'mail.trial_ends', trial, { jobKey: `trial-ends:${trial.keyId}` })
    return rows.length
  })
  log.info({ trials: asked }, 'the trials that end were found')
}
