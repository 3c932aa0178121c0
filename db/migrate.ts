import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as runMigrations } from 'drizzle-orm/node-postgres/migrator'
import { runMigrations as runWorkerMigrations } from 'graphile-worker'
import { Client, Pool } from 'pg'
import {
  appRole,
  closeLargeObjects,
  createRoles,
  grantRights,
  keyServiceRole,
  prepareSchemas,
  workerRole,
} from './roles'

const advisoryLock = 7_203_441_905

/**
 * Brings an empty or older database to this version: roles, tables, rights. Safe to run twice and from two servers at
 * once (an advisory lock lets one in after the other). Needs no superuser: a role that owns the database and may create
 * roles will do, as managed Postgres offers.
 *
 * @returns whether nobody can make large objects, which only a superuser may see to
 * @throws when the application's addresses name other roles than latchkey_app, latchkey_worker and latchkey_key_service.
 */
export async function migrate(urls: Record<'owner' | 'app' | 'worker' | 'keyService', string>) {
  const passwords = {
    app: passwordOf(urls.app, appRole),
    worker: passwordOf(urls.worker, workerRole),
    keyService: passwordOf(urls.keyService, keyServiceRole),
  }
  const owner = new Client({ connectionString: urls.owner })
  await owner.connect()
  try {
    await owner.query('select pg_advisory_lock($1)', [advisoryLock])
    await createRoles(owner, passwords)
    await prepareSchemas(owner)
    await migrateJobs(owner, urls.owner)
    await runMigrations(drizzle(owner), {
      migrationsFolder: `${import.meta.dirname}/migrations`,
      migrationsSchema: 'migrations',
    })
    await grantRights(owner)
    await owner.query('grant usage on schema migrations to latchkey_app, latchkey_key_service')
    await owner.query('grant select on all tables in schema migrations to latchkey_app, latchkey_key_service')
    return { closed: await closeLargeObjects(owner) }
  } finally {
    await owner.end()
  }
}

/** graphile-worker's own migrations, run as the role that shall own its schema. */
async function migrateJobs(owner: Client, ownerUrl: string) {
  const database = owner.escapeIdentifier(new URL(ownerUrl).pathname.slice(1))
  const pool = new Pool({ connectionString: ownerUrl, max: 1, options: '-c role=latchkey_jobs' })
  // The query that meets a broken connection reports it; the library insists on handlers.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  try {
    // Its "create schema if not exists" asks for the right to create even where the schema exists.
    await owner.query(`grant create on database ${database} to latchkey_jobs`)
    await runWorkerMigrations({ pgPool: pool })
  } finally {
    await owner.query(`revoke create on database ${database} from latchkey_jobs`)
    await pool.end()
  }
}

function passwordOf(url: string, role: string) {
  const { username, password } = new URL(url)
  if (username !== role) throw new Error(`The address must name the role ${role}, not "${username}".`)
  if (!password) throw new Error(`The address of ${role} has no password.`)
  return decodeURIComponent(password)
}
