import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { Pool, type PoolClient, type QueryConfig } from 'pg'
import { env } from '@/lib/env'
import { log } from '@/lib/log'

export type Database = NodePgDatabase<Record<string, never>>

let opened: Pool | undefined

/** The process's connections. Opened at first use, so that a build needs no database. */
export function pool(): Pool {
  opened ??= openPool(env().DATABASE_URL)
  return opened
}

/**
 * Uses another address than DATABASE_URL's: the worker's or the key service's own role, or a test's own database.
 * @param patience milliseconds after which a connection, or an answer, is waited for no longer
 */
export function openPoolAt(connectionString: string, patience?: Patience) {
  opened = openPool(connectionString, patience)
}

interface Patience {
  connection: number
  query: number
  /** Postgres' own, and shorter: what is waited for no longer must not be done after all, and then once more. */
  statement: number
}
const usualPatience: Patience = { connection: 2_000, query: 12_000, statement: 10_000 }

export async function closePool() {
  await opened?.end()
  opened = undefined
}

function openPool(connectionString: string, patience = usualPatience) {
  const created = new Pool({
    connectionString,
    max: env().DATABASE_POOL_SIZE,
    // Statements that do not wait for one another go out together: https://node-postgres.com/features/pipelining
    pipeline: true,
    connectionTimeoutMillis: patience.connection,
    statement_timeout: patience.statement,
    lock_timeout: Math.min(5_000, patience.statement),
    idle_in_transaction_session_timeout: 15_000,
    query_timeout: patience.query,
  })
  // Without a handler, a Postgres that restarts would end this process.
  created.on('error', (error) => log.warn({ error: error.message }, 'an idle database connection broke'))
  // The pool listens to idle connections alone: one that breaks in a transaction would end the process just so. The
  // query at hand, or the next one, reports it to whoever asked.
  created.on('connect', (client) => {
    client.on('error', () => {})
    connectionOf(client).on('readyForQuery', () => {
      answeredAt = performance.now()
    })
  })
  return created
}

let answeredAt = Number.NEGATIVE_INFINITY

/** Milliseconds since the database has answered any statement of this process. */
export const silentFor = () => performance.now() - answeredAt

// pg has it, its types do not
const connectionOf = (client: PoolClient) =>
  (client as PoolClient & { connection: EventEmitter & { stream: Duplex } }).connection

const databases = new WeakMap<PoolClient, Database>()

/** drizzle over one connection; kept with it, because building it anew costs more than a query. */
export function databaseOf(client: PoolClient): Database {
  let database = databases.get(client)
  if (!database) {
    database = drizzle(preparing(client), { casing: 'snake_case' })
    databases.set(client, database)
  }
  return database
}

/** Filters make more texts than one would count; what comes after these is planned each time. */
const mostPrepared = 100

/**
 * The connection with each select as a prepared statement: Postgres plans it once instead of for every page, which takes
 * longer than running it. Rooms need not know; a scope's transaction is always on one connection.
 */
function preparing(client: PoolClient): PoolClient {
  const names = new Map<string, string>()
  const nameOf = (text: string) => {
    const known = names.get(text)
    if (known || names.size === mostPrepared || !/^\s*(select|with)\b/.test(text)) return known
    const name = `select_${names.size + 1}`
    names.set(text, name)
    return name
  }
  const query = (config: QueryConfig, values?: unknown[]) =>
    client.query({ ...config, name: config.name ?? nameOf(config.text) }, values)
  // drizzle calls nothing but `query`, and always with an object.
  return Object.assign(Object.create(client), { query })
}

/**
 * What is asked of a connection before the process next waits leaves in one packet, and wakes Postgres once: each packet
 * of its own costs as much as a small query.
 */
export function inOnePacket(client: PoolClient) {
  const { stream } = connectionOf(client)
  stream.cork()
  process.nextTick(() => stream.uncork())
}
