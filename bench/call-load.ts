/*
 * Asks the key service over and over, in a process of its own so that it takes no time from whoever is measured. Run by
 * Node itself, with two files as its arguments: what to do, and where what came of it goes, both JSON.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import type { Loaded } from './load.ts'
import { pace } from './pace.ts'

export interface Call {
  method: string
  path: string
  headers: Record<string, string>
  body?: string
}

export interface CallLoad {
  url: string
  /** Of these one after the other, from a place of its own for each connection. */
  calls: Call[]
  connections: number
  /** Of all connections together; as fast as it goes where it is left out. */
  perSecond?: number
  seconds: number
  /** Seconds before those, of which nothing counts: a connection is made, the loader's own code becomes fast. */
  warmUp?: number
  /** A right answer holds this. */
  expected: string
}

const [, , todo = '', done = ''] = process.argv
// written by keys.ts
const load = JSON.parse(readFileSync(todo, 'utf8')) as CallLoad
writeFileSync(done, JSON.stringify(await run(load)))

async function run(load: CallLoad): Promise<Loaded> {
  const { url, calls, connections, perSecond, seconds, warmUp = 0, expected } = load
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const result: Loaded = { latencies: [], seconds: 0, wrong: 0 }
  const begin = performance.now() + warmUp * 1_000
  const end = begin + seconds * 1_000
  const askOnAndOn = async (connection: number) => {
    const turn = pace(connection, connections, perSecond)
    for (let next = Math.floor((connection * calls.length) / connections); performance.now() < end; next++) {
      const call = calls[next % calls.length]
      if (!call) return
      const asked = await turn()
      const answer = await ask(url, call, agent)
      if (answer.status < 300 && answer.text.includes(expected)) {
        if (asked >= begin) result.latencies.push(performance.now() - asked)
      } else {
        result.wrong++
        result.firstWrong ??= `${answer.status} ${answer.text.slice(0, 300)}`
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, connection) => askOnAndOn(connection)))
  result.seconds = (performance.now() - begin) / 1_000
  agent.destroy()
  return result
}

function ask(url: string, { method, path, headers, body }: Call, agent: Agent) {
  return new Promise<{ status: number; text: string }>((resolve) => {
    const failed = (error: Error) => resolve({ status: 599, text: error.message })
    const sent = request(new URL(path, url), { agent, method, headers, timeout: 30_000 }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', failed)
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 599, text: Buffer.concat(chunks).toString() }),
      )
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer within 30 s'))).on('error', failed)
    sent.end(body)
  })
}
