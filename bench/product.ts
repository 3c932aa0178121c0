import { existsSync, globSync, mkdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { newToken, tokenHash } from '@/lib/people/tokens'
import { prepareDatabase } from '@/sandbox/database'
import { type Environment, keptSecrets, productEnvironment } from '@/sandbox/environment'
import { freePort } from '@/sandbox/ports'
import { type Postgres, startPostgres } from '@/sandbox/postgres'
import { postgresHome } from '@/sandbox/postgres-home'
import { buildWhenStale } from '@/scripts/build'
import { describeExit, type Running, startProcess, stopAll } from '@/scripts/processes'
import { startProduct } from '@/scripts/product'

const root = fileURLToPath(new URL('..', import.meta.url))
const bareRoot = path.join(root, 'bench/bare')

/** Megabytes of heap that the measured processes get. */
export const heap = 384

export interface Bench {
  postgres: Postgres
  env: Environment
  /** Where Postgres writes its log, with the role at the beginning of each line. */
  postgresLog: string
  web: Running
  bare: Running | undefined
  portalUrl: string
  bareUrl: string
  stop(): Promise<void>
}

/**
 * Starts the built web process on the large seed, which is made once and kept in a folder of its own, and beside it the
 * bare page that it is compared with. Neither mail nor worker runs: no page that is measured needs them.
 */
export async function startBench(options: {
  withBare: boolean
  nodeOptions?: string | undefined
  print: (line: string) => void
}): Promise<Bench> {
  const { print } = options
  await buildWhenStale(print)
  if (options.withBare) await buildBare(print)
  const home = path.join(postgresHome(), 'bench')
  mkdirSync(home, { recursive: true })
  const postgres = await startPostgres({
    dataDir: path.join(home, 'postgres'),
    port: await freePort(),
    flags: ['log_line_prefix=%u ', 'synchronous_commit=off'],
  })
  const running: Running[] = []
  const stop = async () => {
    await stopAll(running)
    await postgres.stop()
  }
  try {
    const [port, barePort, smtpPort] = [await freePort(), await freePort(), await freePort()]
    const portalUrl = `http://localhost:${port}`
    const secrets = keptSecrets(path.join(home, 'demo.env'))
    const clockFile = path.join(home, 'clock')
    const headsFile = path.join(home, 'audit-heads.jsonl')
    const env = productEnvironment({
      postgres,
      secrets,
      publicUrl: portalUrl,
      smtpPort,
      clockFile,
      headsFile,
      // Nothing is paid here.
      stripeUrl: 'http://127.0.0.1:9',
      releasesDir: path.join(home, 'releases'),
    })
    await prepareDatabase(postgres, env, 'large', print)
    if (options.withBare) await completeWorld(env, print)
    const limited = {
      ...process.env,
      ...env,
      NODE_OPTIONS: `--max-old-space-size=${heap} ${options.nodeOptions ?? ''}`,
    }
    const [web] = startProduct({ parts: ['web'], host: '127.0.0.1', port, env: limited, print })
    if (!web) throw new Error('there is no part "web"')
    running.push(web)
    const bare = options.withBare ? startBare(barePort, limited, print) : undefined
    if (bare) running.push(bare)
    await Promise.all(running.map(({ ready }) => ready))
    const postgresLog = path.join(home, 'postgres.log')
    return { postgres, env, postgresLog, web, bare, portalUrl, bareUrl: `http://localhost:${barePort}`, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function completeWorld(env: Environment, print: (line: string) => void) {
  const running = startProcess({
    name: 'world',
    command: [process.execPath, '--import', './scripts/typescript.mjs', 'bench/world.ts'],
    cwd: root,
    env: { ...process.env, ...env },
    output: (line) => print(`[world] ${line}`),
  })
  const exit = await running.exited
  if (exit.code !== 0) throw new Error(`The world of the bench was not completed (${describeExit(exit)}).`)
}

/** By the same server as the product. */
export function startBare(port: number, env: NodeJS.ProcessEnv, print: (line: string) => void): Running {
  return startProcess({
    name: 'bare',
    command: [process.execPath, path.join(root, 'scripts/web.ts')],
    cwd: bareRoot,
    env: { ...env, NODE_ENV: 'production', PORT: `${port}`, HOST: '127.0.0.1' },
    output: (line) => print(`[bare] ${line}`),
    readyUrl: `http://127.0.0.1:${port}/`,
  })
}

export async function buildBare(print: (line: string) => void) {
  const built = path.join(bareRoot, '.next/BUILD_ID')
  const sources = globSync('{app/**/*,*.ts}', { cwd: bareRoot }).map((file) => path.join(bareRoot, file))
  const changed = Math.max(...sources.map((file) => statSync(file).mtimeMs))
  if (existsSync(built) && statSync(built).mtimeMs > changed) return
  print('Building the bare page …')
  const next = startProcess({
    name: 'build',
    command: [process.execPath, path.join(root, 'node_modules/next/dist/bin/next'), 'build'],
    cwd: bareRoot,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' },
    output: print,
  })
  const exit = await next.exited
  if (exit.code !== 0) throw new Error(`The build of the bare page failed (${describeExit(exit)}).`)
}

/** A key of an organization, and where it is used. */
export async function aKeyOf({ postgres }: Bench, slug: string) {
  const owner = new pg.Client({ connectionString: postgres.ownerUrl })
  await owner.connect()
  try {
    await owner.query(`set latchkey.scope = 'system'`)
    const { rows } = await owner.query<{ shortId: string; lastFour: string; url: string }>(
      `select k.short_id as "shortId", k.last_four as "lastFour", a.url
       from organizations o join keys k on k.organization_id = o.id
         join instance_addresses a on a.instance_id = k.instance_id and a.ordinal = 0
       where o.slug = $1 order by k.id limit 1`,
      [slug],
    )
    if (!rows[0]) throw new Error(`${slug} has no key`)
    return rows[0]
  } finally {
    await owner.end()
  }
}

/** Signs a person of the seed in, by a row that the owner of the tables writes; returns the cookie. */
export async function signIn(postgres: Postgres, email: string): Promise<string> {
  const token = newToken()
  const owner = new pg.Client({ connectionString: postgres.ownerUrl })
  await owner.connect()
  try {
    const { rowCount } = await owner.query(
      `insert into sessions (token_hash, person_id, expires, last_used_at, created_at, device)
       select $1, id, now() + interval '1 day', now(), now(), 'bench' from people where email = $2`,
      [tokenHash(token).toString('base64url'), email],
    )
    if (rowCount !== 1) throw new Error(`${email} is not in the seed`)
  } finally {
    await owner.end()
  }
  return `session=${token}`
}
