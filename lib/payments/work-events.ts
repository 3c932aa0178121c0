import { setTimeout as wait } from 'node:timers/promises'
import { pool } from '@/db/client'
import { now } from '@/lib/clock'
import { env } from '@/lib/env'
import { Unavailable } from '@/lib/errors'
import { log } from '@/lib/log'
import { subjectOf } from './rules'
import { sells } from './stripe'
import { syncSubject } from './sync'

interface Taken {
  id: string
  type: string
  object_id: string
  live: boolean
  tries: number
}

const atOnce = 8
/** How often it is looked whether something has come, in milliseconds. */
const often = 250
/** For how long nobody else takes an event, in seconds: whoever has it may be gone, and within a minute it is to go on. */
const takenFor = 50

/**
 * Works on what Stripe has told, until it is told to stop. An event is taken without being locked, since Stripe is asked
 * while it is worked on; that two work on one does no harm, as each effect is once.
 */
export async function workEvents(stop: AbortSignal) {
  if (!sells()) return
  while (!stop.aborted) {
    const worked = await workDue().catch((error: unknown) => {
      log.warn({ err: error }, 'events of Stripe cannot be worked on now')
      return 0
    })
    if (worked < atOnce) await wait(often, undefined, { signal: stop }).catch(() => {})
  }
}

/** Works on what is due now. @returns how many events that were, eight at the most */
export async function workDue(): Promise<number> {
  const { rows } = await pool().query<Taken>({
    name: 'take_events',
    text: `update stripe_events set due_at = $1::timestamptz + make_interval(secs => ${takenFor} * least(tries + 1, 60)), tries = tries + 1
      where id in (select id from stripe_events where done_at is null and due_at <= $1 order by due_at limit ${atOnce}
        for update skip locked)
      returning id, type, object_id, live, tries`,
    values: [now()],
  })
  await Promise.all(rows.map(work))
  return rows.length
}

async function work(event: Taken) {
  try {
    const outcome = await effectOf(event)
    await pool().query({
      name: 'end_event',
      text: 'update stripe_events set done_at = $2, outcome = $3 where id = $1 and done_at is null',
      values: [event.id, now(), outcome],
    })
  } catch (error) {
    const facts = { event: event.id, type: event.type, tries: event.tries }
    // Stripe or the database is away, which is said elsewhere.
    if (error instanceof Unavailable) log.warn({ ...facts }, 'an event of Stripe waits')
    else log.error({ ...facts, err: error }, 'an event of Stripe could not be worked on')
  }
}

async function effectOf({ type, object_id: id, live }: Taken): Promise<string> {
  const subject = subjectOf(type)
  if (live !== env().STRIPE_SECRET_KEY?.includes('_live_')) return 'other_mode'
  if (!subject) return 'no_effect'
  return syncSubject(subject, id)
}
