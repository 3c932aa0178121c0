import type { PoolClient } from 'pg'
import { unavailableWhenDown } from '@/db/failures'
import { Unavailable } from '@/lib/errors'
import { type Database, databaseOf, inOnePacket, pool } from './client'

declare const scope: unique symbol
/** A transaction that sees the rows of one organization. */
export type OrganizationTx = Database & { readonly [scope]: 'organization' }
/** A transaction of one of the vendor's people: it sees every organization's rows and writes none. */
export type StaffTx = Database & { readonly [scope]: 'staff' }
/** A transaction that sees what belongs to no organization. */
export type UnscopedTx = Database & { readonly [scope]: 'none' }
/** A transaction that sees every row, for work that belongs to no organization. */
export type SystemTx = Database & { readonly [scope]: 'system' }

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * Runs `work` in a transaction that row-level security confines to one organization.
 * @throws Unavailable when the database cannot be reached or has no connection free within two seconds.
 */
export function asOrganization<T>(
  organizationId: string,
  work: (tx: OrganizationTx) => Promise<T>,
): Promise<T> {
  if (!uuid.test(organizationId)) throw new TypeError('organizationId must be a lower-case UUID')
  return inTransaction(`set local latchkey.organization_id = '${organizationId}'`, (database) =>
    // the brand exists for the compiler only
    work(database as OrganizationTx),
  )
}

/**
 * Runs `work` in a transaction that sees every organization and writes nothing. For who is not, or no longer, of the
 * vendor's staff it sees nothing: that is asked in the transaction itself. What staff do, they do by a command.
 * @throws Unavailable when the database cannot be reached or has no connection free within two seconds.
 */
export function asStaff<T>(personId: string, work: (tx: StaffTx) => Promise<T>): Promise<T> {
  if (!uuid.test(personId)) throw new TypeError('personId must be a lower-case UUID')
  const found = `select from staff where person_id = '${personId}' and ended_at is null`
  return inTransaction(
    `set transaction read only; select set_config('latchkey.scope', case when exists (${found}) then 'staff' else '' end, true)`,
    (database) =>
      // the brand exists for the compiler only
      work(database as StaffTx),
  )
}

/**
 * Runs `work` in a transaction that sees every organization. Each caller is on the list of `db/scope.test.ts`.
 * @param reason why no single organization will do; it is shown in Postgres' list of activity.
 */
export function asSystem<T>(reason: string, work: (tx: SystemTx) => Promise<T>): Promise<T> {
  const name = reason.replace(/[^\w -]/g, '').slice(0, 60)
  return inTransaction(
    `set local latchkey.scope = 'system'; set local application_name = '${name}'`,
    (database) =>
      // the brand exists for the compiler only
      work(database as SystemTx),
  )
}

/** Runs `work` in a transaction that sees what belongs to no organization: the catalog, the signing keys. */
export function withoutScope<T>(work: (tx: UnscopedTx) => Promise<T>): Promise<T> {
  return inTransaction('set transaction read only', (database) =>
    // the brand exists for the compiler only
    work(database as UnscopedTx),
  )
}

async function inTransaction<T>(settings: string, work: (database: Database) => Promise<T>): Promise<T> {
  const client = await unavailableWhenDown(() => pool().connect())
  let broken: Error | undefined
  try {
    // Sent with the first statement of the work; the settings are literals made above, never input. Without them row
    // security shows nothing and takes nothing.
    inOnePacket(client)
    const [, result] = await unavailableWhenDown(() =>
      Promise.all([client.query(`begin; ${settings}`), work(databaseOf(client))]),
    )
    const { command } = await unavailableWhenDown(() => client.query('commit'))
    // What Postgres answers, without an error, when a statement had failed and the work went on regardless.
    if (command === 'ROLLBACK')
      throw new Error('the transaction was rolled back: its work swallowed an error')
    return result
  } catch (error) {
    // Who does not answer is not asked to roll back: Postgres does that by itself once the connection is gone.
    broken = error instanceof Unavailable ? error : await rollBack(client)
    throw error
  } finally {
    client.release(broken)
  }
}

async function rollBack(client: PoolClient) {
  try {
    await client.query('rollback')
    return undefined
  } catch (error) {
    return error instanceof Error ? error : new Error('the rollback failed')
  }
}
