/*
 * Asks one page over and over, in a process of its own so that it takes no time from whoever is measured. Run by Node
 * itself, with two files as its arguments: what to do, and where what came of it goes, both JSON.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { pace } from './pace.ts'

/** What to ask for. An answer is right when it is 200, whole, and holds `expected`. */
export interface Load {
  url: string
  cookie: string
  expected: string
  connections: number
  /** Of all connections together; as fast as it goes where it is left out. */
  perSecond?: number
  seconds: number
}

export interface Loaded {
  /** Milliseconds of each request that was answered rightly, in order of their ends. */
  latencies: number[]
  seconds: number
  wrong: number
  /** What the first wrong answer was. */
  firstWrong?: string | undefined
}

if (import.meta.main) {
  const [, , todo = '', done = ''] = process.argv
  // written by loadPage of measure.ts
  const load = JSON.parse(readFileSync(todo, 'utf8')) as Load
  writeFileSync(done, JSON.stringify(await run(load)))
}

async function run(load: Load): Promise<Loaded> {
  const agent = new Agent({ keepAlive: true, maxSockets: load.connections })
  const result: Loaded = { latencies: [], seconds: 0, wrong: 0 }
  const begin = performance.now()
  const end = begin + load.seconds * 1000
  const askOnAndOn = async (connection: number) => {
    const turn = pace(connection, load.connections, load.perSecond)
    while (performance.now() < end) {
      const asked = await turn()
      const problem = await ask(load, agent)
      if (problem) {
        result.wrong++
        result.firstWrong ??= problem
      } else result.latencies.push(performance.now() - asked)
    }
  }
  await Promise.all(Array.from({ length: load.connections }, (_, connection) => askOnAndOn(connection)))
  result.seconds = (performance.now() - begin) / 1000
  agent.destroy()
  return result
}

/** Undefined when the answer is right, else what is wrong with it. */
function ask({ url, cookie, expected }: Load, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(
      url,
      { agent, headers: { cookie, accept: 'text/html' }, timeout: 30_000 },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', (error) => resolve(error.message))
        response.on('end', () => {
          const body = Buffer.concat(chunks)
          const right = response.statusCode === 200 && body.includes(expected) && body.includes('</html>')
          resolve(right ? undefined : `${response.statusCode}, ${body.length} bytes, without "${expected}"`)
        })
      },
    )
    request.on('timeout', () => request.destroy(new Error('no answer within 30 s')))
    request.on('error', (error) => resolve(error.message))
  })
}
