import { DatabaseError, type PoolClient, type QueryConfig, type QueryResultRow } from 'pg'
import { inOnePacket, pool } from './client'

interface Shared {
  client: Promise<PoolClient>
  reads: number
  isBroken: boolean
}

let shared: Shared | undefined

/**
 * Reads over one connection with whoever reads in the same moment, outside any transaction. On connections of their own,
 * each would wake a process of Postgres, which takes longer than to look a row up. A statement that fails fails alone; with
 * the connection, all that are under way do.
 */
export async function readTogether<T extends QueryResultRow>(query: QueryConfig): Promise<T[]> {
  shared ??= { client: pool().connect(), reads: 0, isBroken: false }
  const ours = shared
  ours.reads++
  try {
    const client = await ours.client
    inOnePacket(client)
    const { rows } = await client.query<T>(query)
    return rows
  } catch (error) {
    if (!(error instanceof DatabaseError)) close(ours, true)
    throw error
  } finally {
    ours.reads--
    if (ours.reads === 0) await giveBack(ours)
  }
}

/** Whoever comes next takes another connection. */
function close(one: Shared, isBroken: boolean) {
  one.isBroken ||= isBroken
  if (shared === one) shared = undefined
}

async function giveBack(one: Shared) {
  close(one, false)
  // There is none where it could not be had.
  const client = await one.client.catch(() => null)
  client?.release(one.isBroken)
}
