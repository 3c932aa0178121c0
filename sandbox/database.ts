import { rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { migrate } from '@/db/migrate'
import type { Environment } from '@/sandbox/environment'
import type { Postgres } from '@/sandbox/postgres'
import { describeExit, startProcess } from '@/scripts/processes'

const root = fileURLToPath(new URL('..', import.meta.url))

export type SeedSize = 'small' | 'large'

/** Brings a database of the cluster to this version. Its time is the sandbox's, so that it believes any that it is told. */
export async function migrateDatabase(postgres: Postgres, database: string) {
  await migrate({
    owner: postgres.url(database),
    app: postgres.url(database, 'latchkey_app'),
    worker: postgres.url(database, 'latchkey_worker'),
    keyService: postgres.url(database, 'latchkey_key_service'),
  })
  const believeAll =
    'create or replace function believed(at timestamptz) returns timestamptz language sql stable return at'
  await execute(postgres, database, believeAll)
}

/**
 * Brings the database `latchkey` to this version and fills it, once.
 *
 * That the seed is complete is noted as the database's comment. A database without that note was left half filled by
 * a seed that was interrupted, and is made anew.
 * @returns the size that it is filled with, which is an earlier start's where there was one.
 */
export async function prepareDatabase(
  postgres: Postgres,
  env: Environment,
  size: SeedSize,
  print: (line: string) => void,
): Promise<SeedSize> {
  const found = await seededSize(postgres)
  if (!found) {
    // A seed that was cut short may have left it in the past.
    if (env.SANDBOX_CLOCK_FILE) rmSync(env.SANDBOX_CLOCK_FILE, { force: true })
    await execute(postgres, 'postgres', 'drop database if exists latchkey', 'create database latchkey')
  }
  await migrateDatabase(postgres, 'latchkey')
  // What an earlier version has filled has none, and then nothing could be signed.
  const hasKeys = await execute(postgres, 'latchkey', 'select from key_sets limit 1')
  if (found && hasKeys.length > 0) return found
  print(`Filling the database (${found ?? size}) …`)
  await seed(env, found ?? size, print)
  if (found) return found
  await execute(postgres, 'postgres', `comment on database latchkey is 'seeded: ${size}'`)
  return size
}

async function seededSize(postgres: Postgres): Promise<SeedSize | undefined> {
  const [row] = await execute(
    postgres,
    'postgres',
    `select shobj_description(oid, 'pg_database') as note from pg_database where datname = 'latchkey'`,
  )
  if (row?.note === 'seeded: small') return 'small'
  return row?.note === 'seeded: large' ? 'large' : undefined
}

/** Runs statements as the owner; from `postgres`, beside it, what drops the product's database. */
async function execute(
  postgres: Postgres,
  database: string,
  ...statements: string[]
): Promise<{ note?: unknown }[]> {
  const client = new pg.Client({ connectionString: postgres.url(database) })
  await client.connect()
  try {
    let rows: { note?: unknown }[] = []
    for (const statement of statements) rows = (await client.query(statement)).rows
    return rows
  } finally {
    await client.end()
  }
}

/** In a process of its own, since the product reads its environment once per process. */
async function seed(env: Environment, size: SeedSize, print: (line: string) => void): Promise<void> {
  const running = startProcess({
    name: 'seed',
    command: [
      process.execPath,
      '--import',
      './scripts/typescript.mjs',
      path.join('sandbox', 'seed', 'seed.ts'),
      size,
    ],
    cwd: root,
    env: { ...process.env, ...env },
    output: (line) => print(`[seed] ${line}`),
  })
  const exit = await running.exited
  if (exit.code !== 0) throw new Error(`The seed failed (${describeExit(exit)}).`)
}
