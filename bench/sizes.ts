import pg from 'pg'
import type { CallLoad } from '@/bench/call-load'
import type { Loaded } from '@/bench/load'
import { type Effort, loadInItsProcess, median, quantile, rate, wrongIn } from '@/bench/measure'
import type { Bench } from '@/bench/product'
import { routesOf, startService, type UsedKey } from '@/bench/used-keys'
import type { Postgres } from '@/sandbox/postgres'

/*
 * Whether the key service cares how many keys there are: the same thousand are asked for, once where there are no others and
 * once among a million.
 */
const connections = 16
const many = 1_000_000

/** @returns what was wrong */
export async function measureSizes(
  bench: Bench,
  used: UsedKey[],
  { rounds, seconds }: Effort,
  print: (line: string) => void,
): Promise<string[]> {
  print(`Making a database of ${used.length} keys and one of ${many} …`)
  const sizes = [
    { name: 'bench_thousand', change: (client: pg.Client) => keepOnly(client, used) },
    { name: 'bench_million', change: addOld },
  ]
  const found = new Map<string, Loaded[]>()
  const running: Awaited<ReturnType<typeof startService>>[] = []
  try {
    for (const { name, change } of sizes) {
      await cloneDatabase(bench.postgres, name, change)
      running.push(await startService(bench, name, print))
    }
    for (let round = 0; round <= rounds; round++)
      for (const { name, ...route } of routesOf(used))
        for (const [place, { url }] of running.entries()) {
          const load: CallLoad = { url, ...route, connections, seconds }
          const loaded = await loadInItsProcess('call-load.ts', load)
          const of = `${name}, ${sizes[place]?.name}`
          // the first round warms up
          if (round > 0) found.set(of, [...(found.get(of) ?? []), loaded])
        }
    report(found, print)
    return wrongIn(found)
  } finally {
    await Promise.all(running.map((service) => service.stop()))
    await asSuperuser(bench.postgres, 'postgres', async (client) => {
      for (const { name } of sizes) await client.query(`drop database if exists ${name} with (force)`)
    })
  }
}

function report(found: Map<string, Loaded[]>, print: (line: string) => void) {
  print('')
  print(`${'p99 at 16 connections'.padEnd(30)}req/s  1,000 keys  1,000,000  ratio`)
  for (const [named, thousand] of found) {
    if (!named.endsWith('bench_thousand')) continue
    const million = found.get(named.replace('bench_thousand', 'bench_million')) ?? []
    const p99 = (samples: Loaded[]) => samples.map(({ latencies }) => quantile(latencies, 0.99))
    const [few, lots] = [p99(thousand), p99(million)]
    const figures = [
      median(million.map(rate)).toFixed(0).padStart(5),
      median(few).toFixed(2).padStart(12),
      median(lots).toFixed(2).padStart(11),
      median(lots.map((one, round) => one / (few[round] ?? one)))
        .toFixed(2)
        .padStart(7),
    ]
    print(`${named.split(',')[0]?.padEnd(30)}${figures.join('')}`)
  }
  print('Aim: the same.')
}

async function asSuperuser<T>(postgres: Postgres, database: string, work: (client: pg.Client) => Promise<T>) {
  const client = new pg.Client({ connectionString: postgres.url(database, 'postgres') })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Postgres copies a database only while nobody is in it: the portal's connections are ended, and made anew by its pool. */
async function cloneDatabase(
  postgres: Postgres,
  name: string,
  change: (client: pg.Client) => Promise<unknown>,
) {
  await asSuperuser(postgres, 'postgres', async (client) => {
    await client.query(`drop database if exists ${name} with (force)`)
    await client.query('alter database latchkey allow_connections false')
    try {
      await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = 'latchkey'`)
      await client.query(`create database ${name} template latchkey`)
    } finally {
      await client.query('alter database latchkey allow_connections true')
    }
    await client.query(`alter database ${name} allow_connections true`)
  })
  await asSuperuser(postgres, name, async (client) => {
    // Neither triggers nor foreign keys: what refers to the keys is not asked for.
    await client.query(`set session_replication_role = replica`)
    await client.query(`set statement_timeout = 0`)
    await change(client)
    await client.query('vacuum (full, analyze) keys')
    await client.query('checkpoint')
  })
}

const keepOnly = (client: pg.Client, used: UsedKey[]) =>
  client.query('delete from keys where id <> all($1)', [used.map(({ id }) => id)])

/** Each key as if it had been rotated some times: rows as the product writes them, whose strings nobody knows. */
async function addOld(client: pg.Client) {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = 'keys'::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
  )
  const made: Record<string, string> = {
    id: 'gen_random_uuid()',
    // Digits of base 16 are all digits of a short ID.
    short_id: `'K-' || lpad(upper(to_hex((row_number() over ())::int)), 6, '0')`,
    fingerprint: `sha256((k.id::text || n)::bytea)`,
    renewed_at: 'coalesce(k.renewed_at, k.issued_at)',
    superseded_at: 'coalesce(k.superseded_at, k.issued_at)',
    ...{ follows_id: 'null', first_seen_at: 'null', replaced_at: 'null' },
  }
  const names = rows.map(({ name }) => name)
  const values = names.map((name) => made[name] ?? `k.${name}`)
  await client.query(
    `insert into keys (${names.join(', ')})
     select ${values.join(', ')} from keys k cross join generate_series(1, 6) n
     where k.kind = 'subscription' limit ${many} on conflict do nothing`,
  )
  const { rows: counted } = await client.query<{ count: number }>('select count(*)::int as count from keys')
  if ((counted[0]?.count ?? 0) < many) throw new Error(`There are only ${counted[0]?.count} keys.`)
}
