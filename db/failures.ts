import { DrizzleQueryError } from 'drizzle-orm/errors'
import { DatabaseError } from 'pg'
import { noteOutage } from '@/lib/answer'
import { Unavailable } from '@/lib/errors'
import { log } from '@/lib/log'

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const downClasses = ['08', '53', '57', '58']
const readOnly = '25006'
const lockTimeout = '55P03'
const deadlock = '40P01'
const serialization = '40001'
const uniqueViolation = '23505'
// Data exceptions, integrity constraints, and what is too large for an index.
const refusedClasses = ['22', '23', '54']
// No such role or another password; no such database; a table that is not there; one without rights.
const notMigrated = ['28000', '28P01', '3D000', '42P01', '42501']
const connectionErrors =
  /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error/

/** Runs a database call; an outage, a full disk or a read-only server becomes Unavailable, anything else stays as it is. */
export async function unavailableWhenDown<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (thrown) {
    const error = cause(thrown)
    if (!isDown(error)) throw thrown
    const message = error instanceof Error ? error.message : String(error)
    if (isHeld(error)) log.error({ error: message }, 'somebody else holds a row for too long')
    else log.error({ error: message }, 'the database is not available')
    noteOutage()
    throw new Unavailable('database')
  }
}

const isHeld = (error: unknown) => error instanceof DatabaseError && error.code === lockTimeout

/** Whether it says that the database cannot be reached or cannot write now, which passes. */
export function isDown(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    const code = error.code ?? ''
    return downClasses.includes(code.slice(0, 2)) || code === readOnly || isHeld(error)
  }
  if (error instanceof AggregateError) return error.errors.some(isDown)
  return (
    error instanceof Error && connectionErrors.test(`${'code' in error ? error.code : ''} ${error.message}`)
  )
}

/**
 * Tells what waiting does not heal from a database that is down.
 * @throws Error with what to do, when the database answers and turns its caller away.
 */
export function throwIfNotMigrated(thrown: unknown) {
  const error = cause(thrown)
  if (!(error instanceof DatabaseError) || !notMigrated.includes(error.code ?? '')) return
  throw new Error(
    `The database answers: ${error.message}. Run npm run db:migrate, which makes the tables, and the roles with the ` +
      'passwords in DATABASE_URL and WORKER_DATABASE_URL.',
  )
}

/** Two transactions met; running the loser again is safe, because nothing of it was kept. */
export function isRetryable(thrown: unknown): boolean {
  const error = cause(thrown)
  return error instanceof DatabaseError && (error.code === deadlock || error.code === serialization)
}

/** Somebody else has what a unique index holds once. The transaction can only be rolled back then. */
export function isTaken(thrown: unknown): boolean {
  const error = cause(thrown)
  return error instanceof DatabaseError && error.code === uniqueViolation
}

/** Postgres does not take what a statement holds, however often it is tried. */
export function isRefused(thrown: unknown): boolean {
  const error = cause(thrown)
  return error instanceof DatabaseError && refusedClasses.includes((error.code ?? '').slice(0, 2))
}

function cause(thrown: unknown): unknown {
  return thrown instanceof DrizzleQueryError ? (thrown.cause ?? thrown) : thrown
}
