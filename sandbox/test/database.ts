import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, inject } from 'vitest'
import { templateDatabase } from '@/sandbox/test/names'

export type TestDatabase = Record<'name' | 'ownerUrl' | 'appUrl' | 'workerUrl' | 'keyServiceUrl', string>

/**
 * A migrated, empty database for the test file that calls this at its top. It is dropped after the file's last test,
 * and the file fails when a connection to it is still open then.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const urls = inject('urls')
  const urlOf = (url: string, database: string) => url.replace('DATABASE', database)
  // Not the template itself: a database that somebody is in cannot be cloned.
  const beside = urlOf(urls.owner, 'postgres')
  await asOwner(beside, (client) => cloneTemplate(client, name))
  const owner = ownerPool(urlOf(urls.owner, name))
  // Vitest runs these in reverse, so the file's own, which close its connections, come first.
  afterAll(async () => {
    await owner.end()
    await asOwner(beside, (client) => dropDatabase(client, name))
  })
  return {
    name,
    ownerUrl: urlOf(urls.owner, name),
    appUrl: urlOf(urls.app, name),
    workerUrl: urlOf(urls.worker, name),
    keyServiceUrl: urlOf(urls.keyService, name),
  }
}

/** Of the databases of this test file, by the owner's address: to connect takes longer than most of what is asked. */
export const ownerPools = new Map<string, pg.Pool>()

function ownerPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 4 })
  // A server that is stopped on purpose reports itself to the query at hand.
  pool.on('error', () => {})
  // The owner is held to row security as well, and therefore names the scope.
  pool.on('connect', (client) => void client.query(`set latchkey.scope = 'system'`).catch(() => {}))
  ownerPools.set(connectionString, pool)
  return pool
}

async function asOwner(url: string, work: (client: pg.Client) => Promise<void>) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

async function cloneTemplate(client: pg.Client, name: string) {
  await client.query(`create database ${name} template ${templateDatabase} strategy file_copy`)
  // A clone gets everything but the rights on the database itself; PUBLIC would have more than in production.
  await client.query(`revoke all on database ${name} from public`)
  const { rows } = await client.query<{ right: string; role: string }>(
    `select privilege_type as right, case grantee when 0 then 'public' else quote_ident(grantee::regrole::text) end as role
     from pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
     where datname = $1`,
    [templateDatabase],
  )
  for (const { right, role } of rows) await client.query(`grant ${right} on database ${name} to ${role}`)
}

async function dropDatabase(client: pg.Client, name: string) {
  const leaked = await openConnections(client, name)
  // Then it stays, until the cluster is thrown away: the owner may not end other roles' sessions.
  if (leaked.length > 0) throw new Error(`Connections were left open, by ${leaked.join(', ')}`)
  await client.query(`drop database ${name}`)
}

/** Postgres ends a session shortly after its client has gone, so those on their way out get a second. */
async function openConnections(client: pg.Client, name: string): Promise<string[]> {
  const deadline = Date.now() + 1_000
  for (;;) {
    const { rows } = await client.query<{ open: string }>(
      // What they last asked is hidden from the owner, who is no superuser.
      `select usename as open from pg_stat_activity where datname = $1`,
      [name],
    )
    if (rows.length === 0 || Date.now() > deadline) return rows.map(({ open }) => open)
    await wait(10)
  }
}
