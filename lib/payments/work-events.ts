import { setTimeout as wait } from 'node:timers/promises'
import pLimit from 'p-limit'
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
  reading: string
}

const atOnce = 8
/** More than are worked on at once, since several are often about one object, which is asked for once. */
const takenTogether = 4 * atOnce
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
  const places = pLimit(atOnce)
  const underWay = new Set<Promise<void>>()
  while (!stop.aborted) {
    const taken = await take().catch((error: unknown) => {
      log.warn({ err: error }, 'events of Stripe cannot be worked on now')
      return []
    })
    const begun = byObject(taken).map((events) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const working: Promise<void> = places(() => {
        resolve()
        return stop.aborted ? giveBack(events) : work(events)
      }).finally(() => underWay.delete(working))
      underWay.add(working)
      return promise
    })
    // The next are taken as soon as the last of these has its place, while the slower ones go on.
    await Promise.all(begun)
    if (taken.length < takenTogether) await wait(often, undefined, { signal: stop }).catch(() => {})
  }
  await Promise.all(underWay)
}

/** Works on what is due now. @returns how many events that were, 32 at the most */
export async function workDue(): Promise<number> {
  const places = pLimit(atOnce)
  const taken = await take()
  await Promise.all(byObject(taken).map((events) => places(() => work(events))))
  return taken.length
}

/** Each with a place in the order in which Stripe is asked: what it is told of had happened before. */
async function take(): Promise<Taken[]> {
  const { rows } = await pool().query<Taken>({
    name: 'take_events',
    text: `update stripe_events set due_at = $1::timestamptz + make_interval(secs => ${takenFor} * least(tries + 1, 60)), tries = tries + 1
      where id in (select id from stripe_events where done_at is null and due_at <= $1 order by due_at limit ${takenTogether}
        for update skip locked)
      returning id, type, object_id, live, tries, nextval('stripe_readings') as reading`,
    values: [now()],
  })
  return rows
}

/** Those about one object together: how it stands is asked once, after all of them have come. */
function byObject(taken: readonly Taken[]): Taken[][] {
  const about = ({ live, type, object_id: id }: Taken) => `${live} ${subjectOf(type)} ${id}`
  return [...Map.groupBy(taken, about).values()]
}

async function work(events: readonly Taken[]) {
  const [event] = events
  if (!event) return
  try {
    const outcome = await effectOf(event, Math.max(...events.map(({ reading }) => Number(reading))))
    await pool().query({
      name: 'end_events',
      text: 'update stripe_events set done_at = $2, outcome = $3 where id = any($1) and done_at is null',
      values: [events.map(({ id }) => id), now(), outcome],
    })
  } catch (error) {
    const facts = { event: event.id, type: event.type, tries: event.tries, count: events.length }
    // Stripe or the database is away, which is said elsewhere.
    if (error instanceof Unavailable) log.warn({ ...facts }, 'an event of Stripe waits')
    else log.error({ ...facts, err: error }, 'an event of Stripe could not be worked on')
  }
}

/** What was taken and not begun is anybody's again, and not only once it is thought to be lost. */
async function giveBack(events: readonly Taken[]) {
  const text =
    'update stripe_events set due_at = $2, tries = tries - 1 where id = any($1) and done_at is null'
  await pool()
    .query({ name: 'give_events_back', text, values: [events.map(({ id }) => id), now()] })
    .catch((error: unknown) => log.warn({ err: error }, 'events of Stripe cannot be worked on now'))
}

async function effectOf({ type, object_id: id, live }: Taken, reading: number): Promise<string> {
  const subject = subjectOf(type)
  if (live !== env().STRIPE_SECRET_KEY?.includes('_live_')) return 'other_mode'
  if (!subject) return 'no_effect'
  return syncSubject(subject, id, reading)
}
