import { pool } from '@/db/client'
import { unavailableWhenDown } from '@/db/failures'
import { now } from '@/lib/clock'
import { type Stripe, verifiedEvent } from './stripe'

/**
 * Checks who has sent an event and stores it, once: the stored event is the queue (`work-events.ts`). One statement, outside
 * any transaction.
 * @param body exactly as it came
 * @param signature the header `Stripe-Signature`
 * @returns false where it is not Stripe's, not of now, or none that names what it is about
 * @throws Unavailable where nothing is sold, or the database is down
 */
export async function receiveEvent(body: Buffer, signature: string): Promise<boolean> {
  const at = now()
  const event = verifiedEvent(body, signature, at)
  if (!event) return false
  await storeEvent(event, at, false)
  return true
}

/**
 * Puts an event into the queue, unless it is there.
 * @param missed Stripe was asked for it: it had not come
 * @returns whether it was not there
 */
export async function storeEvent(event: Stripe.Event, at: Date, missed: boolean): Promise<boolean> {
  const { object } = event.data
  const id = 'id' in object && typeof object.id === 'string' ? object.id : ''
  // Postgres stores no NUL in a text.
  const subject = id.includes('\0') ? '' : id
  const { rowCount } = await unavailableWhenDown(() =>
    pool().query({
      name: 'receive_event',
      text: `insert into stripe_events (id, type, object_id, live, happened_at, received_at, due_at, missed)
        values ($1, $2, $3, $4, to_timestamp($5), $6, $6, $7) on conflict (id) do nothing`,
      values: [event.id, event.type, subject, event.livemode, event.created, at, missed],
    }),
  )
  return rowCount === 1
}
