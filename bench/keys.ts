import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CallLoad } from '@/bench/call-load'
import type { Loaded } from '@/bench/load'
import { type Effort, loadInItsProcess, median, quantile, rate, wrongIn } from '@/bench/measure'
import type { Bench } from '@/bench/product'
import { type Asked, type Route, routesOf } from '@/bench/used-keys'
import { freePort } from '@/sandbox/ports'
import { type Running, startProcess } from '@/scripts/processes'

/*
 * How fast the key service answers, beside a bare node:http server that sends the same statements and signs as much, and
 * beside a Next route that returns a constant.
 */
const root = fileURLToPath(new URL('..', import.meta.url))

/** Measures each route with 1, 16 and 64 connections, round by round, ours and the bare one in turn. @returns what was wrong */
export async function measureKeys(
  bench: Bench,
  { url, used }: Asked,
  { rounds, seconds }: Effort,
  print: (line: string) => void,
): Promise<string[]> {
  const barePort = await freePort()
  const bare = startBare(barePort, { ...process.env, ...bench.env, LOG_LEVEL: 'warn' }, print)
  try {
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
    return wrongIn(found)
  } finally {
    await bare.stop()
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
