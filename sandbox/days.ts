import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { Postgres } from '@/sandbox/postgres'

/** What somebody sees of what the worker does each night by its own clock, which nobody can move. */
const nightly = ['remind', 'remind_trials', 'find_waiting_keys', 'clean_up']
/**
 * Takes as long as all else of a day: not on one that was like the day before, unless that was a week ago, after which also an
 * event that was lost is missed.
 */
const comparing = 'reconcile_payments'
const isToCompare = `select not exists (select from stripe_reconciliations where ran_at > $1::timestamptz - interval '7 days')
  or exists (select from stripe_events where received_at > (select max(ran_at) from stripe_reconciliations)) as compare`
/** Milliseconds. */
const patience = 60_000

/**
 * Lets the portal live through the days that the demo's clock is moved by: whoever posts a moment here is answered when the
 * worker has done what the day has brought, what Stripe told and what it does daily.
 */
export async function startDays(postgres: Postgres) {
  const pool = new pg.Pool({ connectionString: postgres.url('latchkey', 'postgres'), max: 1 })
  // Postgres stops before what asks it.
  pool.on('error', () => {})
  const server = createServer(async (request, response) => {
    try {
      await liveDay(pool, await text(request))
      response.writeHead(204).end()
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // Listening on a port, so its address is no path.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await pool.end()
    },
  }
}

async function liveDay(pool: pg.Pool, today: string) {
  const until = performance.now() + patience
  // Whoever watches a year go by is not signed out by it.
  await pool.query(
    `update sessions set created_at = $1, last_used_at = $1, expires = $1::timestamptz + interval '30 days' where expires > now()`,
    [today],
  )
  await untilNone(pool, `select from stripe_events where done_at is null and due_at <= $1`, [today], until)
  const [due] = (await pool.query<{ compare: boolean }>(isToCompare, [today])).rows
  // In any order, and so together: each asks what is so, and takes nothing from another.
  await pool.query('select graphile_worker.add_job(job, job_key => job) from unnest($1::text[]) as job', [
    due?.compare ? [...nightly, comparing] : nightly,
  ])
  await untilNone(
    pool,
    'select from graphile_worker.jobs where run_at <= now() and attempts = 0 or locked_at is not null',
    [],
    until,
  )
}

async function untilNone(pool: pg.Pool, query: string, values: unknown[], until: number) {
  while ((await pool.query(`${query} limit 1`, values)).rows.length > 0) {
    if (performance.now() > until) throw new Error('The worker does not come to an end with the day.')
    await wait(10)
  }
}
