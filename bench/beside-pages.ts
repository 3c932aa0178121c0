import { setTimeout as wait } from 'node:timers/promises'
import type { CallLoad } from '@/bench/call-load'
import type { Load, Loaded } from '@/bench/load'
import { type Effort, loadInItsProcess, median, quantile, rate, wrongIn } from '@/bench/measure'
import { type Bench, signIn } from '@/bench/product'
import { type Asked, routesOf } from '@/bench/used-keys'

/*
 * What people who look at pages cost the GLPIs that ask at the same time: both share the machine and Postgres.
 */
const connections = 16
const viewsPerSecond = 5
/** Seconds before anything counts: what asks has to be started as well, and needs the same processors. */
const warmUp = 2

/** Half of what the key service can take, alone and with page views beside it, in turn. @returns what was wrong */
export async function measureBesidePages(
  bench: Bench,
  { url, used }: Asked,
  { rounds, seconds }: Effort,
  print: (line: string) => void,
): Promise<string[]> {
  const pages = await viewed(bench)
  const found = new Map<string, Loaded[]>()
  const keep = (name: string, loaded: Loaded) => found.set(name, [...(found.get(name) ?? []), loaded])
  print('')
  print(
    `${`p99 at half load, alone and beside ${viewsPerSecond} views/s`.padEnd(46)}req/s   alone  beside  ratio`,
  )
  for (const { name, ...route } of routesOf(used)) {
    const ask = (load: Pick<CallLoad, 'perSecond'>) =>
      loadInItsProcess('call-load.ts', { url, ...route, connections, seconds: seconds * 2, warmUp, ...load })
    const perSecond = rate(await ask({})) / 2
    for (let round = 0; round < rounds; round++) {
      keep(`${name} alone`, await ask({ perSecond }))
      const viewing = Promise.all(
        pages.map((page) =>
          loadInItsProcess('load.ts', {
            ...page,
            seconds: seconds * 2 + warmUp * 3,
            perSecond: viewsPerSecond / pages.length,
          }),
        ),
      )
      await wait(warmUp * 1_000)
      const beside = await ask({ perSecond })
      const views = await viewing
      keep(`${name} beside`, beside)
      for (const view of views) keep('the pages beside it', view)
    }
    const p99 = (kind: string) =>
      (found.get(`${name} ${kind}`) ?? []).map(({ latencies }) => quantile(latencies, 0.99))
    const [alone, beside] = [p99('alone'), p99('beside')]
    const ratio = median(beside.map((one, round) => one / (alone[round] ?? one)))
    const figures = [
      perSecond.toFixed(0).padStart(5),
      ...[median(alone), median(beside)].map((one) => one.toFixed(2).padStart(8)),
      ratio.toFixed(2).padStart(7),
    ]
    print(`${name.padEnd(46)}${figures.join('')}`)
  }
  const views = found.get('the pages beside it') ?? []
  print(
    `The pages beside it took ${median(views.flatMap(({ latencies }) => latencies)).toFixed(0)} ms (median). Aim: a ratio of at most 1.5.`,
  )
  return wrongIn(found)
}

/** What people look at, in turn: an organization of usual size and a small one. */
async function viewed({ postgres, portalUrl }: Bench): Promise<Omit<Load, 'seconds'>[]> {
  const middle = await signIn(postgres, 'owner@customer-0001.example')
  const small = await signIn(postgres, 'owner@petite-mairie.example')
  return [
    { url: `${portalUrl}/customer-0001`, cookie: middle, expected: 'Customer 0001', connections: 4 },
    { url: `${portalUrl}/customer-0001/keys`, cookie: middle, expected: '</tbody>', connections: 4 },
    { url: `${portalUrl}/petite-mairie/keys`, cookie: small, expected: '</tbody>', connections: 4 },
  ]
}
