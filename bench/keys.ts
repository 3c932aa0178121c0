import path from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { Call, CallLoad } from '@/bench/call-load'
import type { Loaded } from '@/bench/load'
import { loadInItsProcess, median, quantile } from '@/bench/measure'
import type { Bench } from '@/bench/product'
import { open } from '@/lib/keys/vault'
import { freePort } from '@/sandbox/ports'
import { type Running, startProcess } from '@/scripts/processes'
import { startProduct } from '@/scripts/product'

/*
 * How fast the key service answers, beside a bare node:http server that sends the same statements and signs as much, and
 * beside a Next route that returns a constant.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const json = { 'Content-Type': 'application/json' }
const usedKeys = 1_000

interface UsedKey {
  key: string
  product: string
  installation: string
  activation: string
}

type Route = { name: string; calls: Call[]; expected: string }

/** Measures each route with 1, 16 and 64 connections, round by round, ours and the bare one in turn. */
export async function measureKeys(
  bench: Bench,
  rounds: number,
  seconds: number,
  print: (line: string) => void,
) {
  const [servicePort, barePort] = [await freePort(), await freePort()]
  const env = { ...process.env, ...bench.env, LOG_LEVEL: 'warn' }
  const [service] = startProduct({
    parts: ['key-service'],
    host: '127.0.0.1',
    port: 0,
    keyServicePort: servicePort,
    env,
    print,
  })
  const bare = startBare(barePort, env, print)
  try {
    if (!service) throw new Error('there is no part "key-service"')
    await service.ready
    const url = `http://127.0.0.1:${servicePort}`
    const used = await activateSome(bench, url)
    const next: Route = {
      name: 'a Next route',
      calls: [{ method: 'GET', path: '/api/health', headers: {} }],
      expected: '',
    }
    const targets = [
      ...routesOf(used).flatMap((route) => [
        { ...route, url },
        { ...route, name: `${route.name}, bare`, url: `http://127.0.0.1:${barePort}` },
      ]),
      { ...next, url: bench.portalUrl },
    ]
    const found = new Map<string, Loaded[]>()
    for (let round = 0; round <= rounds; round++) {
      print(round === 0 ? 'Warming up the key service …' : `Key service, round ${round} of ${rounds} …`)
      for (const { name, ...target } of targets) {
        for (const connections of [1, 16, 64]) {
          const loaded = await loadInItsProcess('call-load.ts', {
            ...target,
            connections,
            seconds,
          } satisfies CallLoad)
          if (round > 0)
            found.set(`${name} ${connections}`, [...(found.get(`${name} ${connections}`) ?? []), loaded])
        }
      }
    }
    report(found, print)
    return [...found].flatMap(([name, samples]) =>
      samples.filter(({ wrong }) => wrong > 0).map((one) => `${name}: ${one.firstWrong}`),
    )
  } finally {
    await Promise.all([service?.stop(), bare.stop()])
  }
}

function startBare(port: number, env: NodeJS.ProcessEnv, print: (line: string) => void): Running {
  return startProcess({
    name: 'bare-service',
    command: [process.execPath, path.join(root, 'bench/bare-service.ts')],
    env: { ...env, NODE_ENV: 'production', PORT: `${port}` },
    output: (line) => print(`[bare-service] ${line}`),
  })
}

function routesOf(used: UsedKey[]): Route[] {
  const post = (path: string, body: object): Call => ({
    method: 'POST',
    path,
    headers: json,
    body: JSON.stringify(body),
  })
  return [
    {
      name: 'validate',
      expected: '"code":"ok"',
      calls: used.map(({ key, installation }) =>
        post('/api/v1/keys/validate', { key, installation_id: installation }),
      ),
    },
    {
      name: 'refresh',
      expected: '"lease"',
      calls: used.map(({ key, product, installation, activation }) =>
        post(`/api/v1/activations/${activation}/refresh`, { key, product, installation_id: installation }),
      ),
    },
    {
      name: 'registration/info',
      expected: '"is_valid":true',
      calls: used.map(({ key, installation }) => ({
        method: 'GET',
        path: '/api/registration/info',
        headers: {
          'X-Registration-Key': key,
          'X-Glpi-Network-Uid': installation,
          'User-Agent': 'GLPI/11.0.2 (installation-mode:TARBALL)',
        },
      })),
    },
  ]
}

/** Puts some of the seed's keys to use, spread over all organizations. */
async function activateSome({ postgres }: Bench, url: string): Promise<UsedKey[]> {
  const owner = new pg.Client({ connectionString: postgres.ownerUrl })
  await owner.connect()
  try {
    await owner.query(`set latchkey.scope = 'system'`)
    const { rows } = await owner.query<{ id: string; cipher: Buffer; ringVersion: number; product: string }>(
      `select k.id, k.cipher, k.ring_version as "ringVersion", p.reference as product
       from keys k join products p on p.id = k.product_id
       where k.instance_id is not null and k.starts_at <= now() and k.ends_at > now() + interval '2 days'
         and p.kind = 'plugin' and not exists (select from revocations r where r.key_id = k.id and r.restored_at is null)
       order by k.fingerprint limit $1`,
      [usedKeys * 2],
    )
    const used: UsedKey[] = []
    for (const { id, product, ...sealed } of rows) {
      if (used.length === usedKeys) break
      const [key, installation] = [open(sealed, id), `bench-${id}`]
      const body = JSON.stringify({ key, product, installation_id: installation })
      const answer = await fetch(`${url}/api/v1/activations`, { method: 'POST', headers: json, body })
      const { activation } = (await answer.json()) as { activation?: { id: string } }
      if (activation) used.push({ key, product, installation, activation: activation.id })
    }
    if (used.length < usedKeys) throw new Error(`Only ${used.length} keys of the seed could be activated.`)
    return used
  } finally {
    await owner.end()
  }
}

const rate = ({ latencies, seconds }: Loaded) => latencies.length / seconds

function report(found: Map<string, Loaded[]>, print: (line: string) => void) {
  print('')
  print(`${'key service'.padEnd(34)}conn.   req/s  median ms  p99 ms  of bare  of Next`)
  for (const [named, samples] of found) {
    const [, name = '', connections = ''] = /^(.*) (\d+)$/.exec(named) ?? []
    const latencies = samples.flatMap((sample) => sample.latencies)
    const beside = (other: string) => {
      const others = found.get(`${other} ${connections}`)
      if (!others || other === name) return ''
      return median(samples.map((sample, round) => rate(sample) / rate(others[round] ?? sample))).toFixed(2)
    }
    const figures = [
      name.padEnd(34),
      connections.padStart(5),
      median(samples.map(rate)).toFixed(0).padStart(8),
      median(latencies).toFixed(2).padStart(11),
      quantile(latencies, 0.99).toFixed(2).padStart(8),
      beside(`${name}, bare`).padStart(9),
      name.endsWith('bare') ? '' : beside('a Next route').padStart(9),
    ]
    print(figures.join(''))
  }
  print('Aims: of bare at least 0.80, of Next at least 2.5.')
}
