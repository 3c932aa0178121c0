import { sql } from 'drizzle-orm'
import { asSystem, type SystemTx } from '@/db/scope'
import { now } from '@/lib/clock'
import { enqueue } from '@/lib/jobs/enqueue'
import { pluginsWait } from '@/lib/keys/waiting'
import { log } from '@/lib/log'
import { reminderMarks } from '@/lib/subscriptions/rules'

/**
 * The job `remind`: asks in each organization that has something to be reminded of. A job of its own for each, so that one
 * whose mail is not taken holds up no other; a second one takes the place of the first while that waits.
 */
export async function remind() {
  const at = now()
  const asked = await asSystem('find who is to be reminded', async (tx) => {
    const ending = await organizationsWhereTermsEnd(tx, at)
    for (const organizationId of ending)
      await enqueue(tx, 'mail.reminders', { organizationId }, { jobKey: `reminders:${organizationId}` })
    return ending.length
  })
  log.info({ organizations: asked }, 'who is to be reminded was found')
}

/** The job `find_waiting_keys`: likewise, where an old key is about to end, or has ended, and the new one waits for GLPI. */
export async function findWaitingKeys() {
  const at = now()
  await asSystem('find new keys that wait for GLPI', async (tx) => {
    for (const organizationId of await organizationsWhereKeysWait(tx, at))
      await enqueue(tx, 'mail.not_in_glpi', { organizationId }, { jobKey: `not-in-glpi:${organizationId}` })
  })
}

/** A day more than the first mark on both sides, for any time zone; and those that were not done with. */
async function organizationsWhereTermsEnd(tx: SystemTx, at: Date): Promise<string[]> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    select organization_id as id from keys
    where kind = 'subscription' and ends_at > ${iso(at, 0)} and due_at <= ${iso(at, reminderMarks[0] + 3)}
    union select organization_id from reminders where kind = 'ends' and done_at is null`)
  return rows.map(({ id }) => id)
}

async function organizationsWhereKeysWait(tx: SystemTx, at: Date): Promise<string[]> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    select k.organization_id as id from keys k
    join keys o on o.organization_id = k.organization_id and o.id = k.follows_id
    where k.kind = 'subscription' and (k.first_seen_at is null or ${pluginsWait(iso(at, 0))}) and k.ends_at > ${iso(at, 0)}
      and o.ends_at > ${iso(at, -8)} and o.ends_at <= ${iso(at, 1)}
    union select organization_id from reminders where kind = 'not_in_glpi' and done_at is null`)
  return rows.map(({ id }) => id)
}

const iso = (at: Date, days: number) =>
  sql`${new Date(at.getTime() + days * 86_400_000).toISOString()}::timestamptz`
