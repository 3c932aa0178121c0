import { Client } from 'pg'
import { log } from '@/lib/log'

// Any number that no other lock of the product has; its second half names the worker.
const lockSpace = 1_279_349_323
const graceSeconds = 10

/**
 * Tells the other workers that this one is there, and frees the jobs of those that are not.
 *
 * graphile-worker waits four hours before it takes over the jobs of a killed worker. So each worker holds an advisory
 * lock that is named after it, on a connection of its own: Postgres lets go of it the moment that the worker is gone,
 * however it ended. A job whose worker holds no such lock is free to be run again.
 */
export class Presence {
  readonly #connectionString: string
  readonly #workerId: string
  #client: Client | undefined

  constructor(connectionString: string, workerId: string) {
    this.#connectionString = connectionString
    this.#workerId = workerId
  }

  /** Takes the lock, again where the connection was lost, and frees the jobs of workers that are gone. */
  async renew() {
    try {
      const client = this.#client ?? (await this.#connect())
      const freed = await freeJobsOfTheGone(client, graceSeconds)
      if (freed > 0) log.warn({ jobs: freed }, 'jobs of a worker that is gone will run again')
    } catch (error) {
      log.warn(
        { error: error instanceof Error ? error.message : String(error) },
        'the presence of this worker could not be renewed',
      )
      await this.end()
    }
  }

  async end() {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }

  async #connect(): Promise<Client> {
    const client = new Client({
      connectionString: this.#connectionString,
      application_name: `latchkey worker ${this.#workerId}`,
      connectionTimeoutMillis: 2_000,
      query_timeout: 5_000,
      // A machine that is switched off closes nothing; Postgres is to notice within half a minute.
      options: '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3',
    })
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined
    })
    await client.connect()
    this.#client = client
    await client.query('select pg_advisory_lock($1, hashtext($2))', [lockSpace, this.#workerId])
    return client
  }
}

/**
 * Frees the jobs that are locked by workers without a presence.
 * @param grace seconds since a job was taken in which its worker may still be about to take its own lock
 * @returns how many were freed
 */
export async function freeJobsOfTheGone(client: Pick<Client, 'query'>, grace: number): Promise<number> {
  const { rows } = await client.query<{ worker: string; jobs: string }>(
    `select locked_by as worker, count(*) as jobs from graphile_worker._private_jobs
     where locked_at < now() - make_interval(secs => $2) and not exists (
       select from pg_locks
       where locktype = 'advisory' and granted and classid = $1 and objsubid = 2
         and database = (select oid from pg_database where datname = current_database())
         -- Postgres shows the second half without its sign.
         and objid::bigint = hashtext(locked_by)::bigint & 4294967295
     )
     group by locked_by`,
    [lockSpace, grace],
  )
  if (rows.length === 0) return 0
  await client.query('select graphile_worker.force_unlock_workers($1)', [rows.map(({ worker }) => worker)])
  return rows.reduce((sum, { jobs }) => sum + Number(jobs), 0)
}
