import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { productDatabase } from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { makeCustomer, sold } from '@/sandbox/test/sold'

const database = await productDatabase()
// A small heap, so that what is kept and should not be shows soon.
const service = await startKeyService(database, {
  NODE_OPTIONS: '--max-old-space-size=64 --max-semi-space-size=4',
})

const connections = 64
const seconds = process.env.STRESS ? 600 : 20
/** What the service takes (server.ts). */
const mostAtOnce = 1_024
const pageBytes = 4_096

interface Known {
  key: string
  installation: string
  code: string
}
const known: Known[] = []

beforeAll(async () => {
  const fixture = await makeCustomer('acme')
  for (let made = 0; made < 60; made++) {
    const { key } = await sold(database, fixture)
    const installation = `installation-${made}`
    const body = { key, product: 'forms', installation_id: installation }
    expect((await service.ask('POST', '/api/v1/activations', body)).status).toBe(201)
    known.push({ key, installation, code: 'ok' }, { key, installation: 'another', code: 'bound_elsewhere' })
  }
})

/** Not by fetch, which needs more of the processor than the service that it asks. */
function validate(
  agent: Agent,
  { key, installation }: Known,
): Promise<{ status: number; code?: string; milliseconds: number }> {
  const begin = performance.now()
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(service.url)
    const headers = { 'Content-Type': 'application/json' }
    const sent = request(
      { agent, hostname, port, method: 'POST', path: '/api/v1/keys/validate', headers },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          const status = answer.statusCode ?? 0
          const said = status === 200 ? JSON.parse(Buffer.concat(chunks).toString()) : {}
          resolve({ status, ...said, milliseconds: performance.now() - begin })
        })
      },
    )
    sent.on('error', reject)
    sent.end(JSON.stringify({ key, installation_id: installation }))
  })
}

const resident = () =>
  Number(readFileSync(`/proc/${service.running.pid}/statm`, 'utf8').split(' ')[1]) * pageBytes

const oneOf = (count: number): Known => {
  const one = known[count % known.length]
  if (!one) throw new Error('no key is known')
  return one
}

test('[L1] under 64 connections no answer is wrong, and no memory is kept', {
  timeout: (seconds + 120) * 1_000,
}, async () => {
  let [answers, refusedByLimit] = [0, 0]
  const wrong: string[] = []
  const begin = performance.now()
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const ask = async (connection: number) => {
    for (let next = connection; performance.now() < begin + seconds * 1_000; next += connections) {
      const one = oneOf(next)
      const { status, code } = await validate(agent, one)
      answers++
      // Of one key at most sixty a second from one installation: what the limit is there for.
      if (status === 429) refusedByLimit++
      else if (status !== 200 || code !== one.code) wrong.push(`${status} ${code} instead of ${one.code}`)
    }
  }
  const load = Promise.all(Array.from({ length: connections }, (_, connection) => ask(connection)))
  const warm = await new Promise<number>((resolve) =>
    setTimeout(() => resolve(resident()), (seconds / 2) * 1_000),
  )
  await load
  const grown = resident() / warm
  expect(wrong).toEqual([])
  expect(answers).toBeGreaterThan(seconds * 50)
  expect(grown).toBeLessThan(1.1)
  console.log(
    `[L1] ${answers} answers in ${seconds} s, ${refusedByLimit} over the limit, memory ${grown.toFixed(2)} times`,
  )
  agent.destroy()
})

/** Each caller asks again as soon as it has its answer, and a moment later when it was refused. */
async function askOnAndOn(callers: number, lasting: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: callers, maxFreeSockets: callers })
  // All connect first: else those who are answered early have gone quiet before the last one asks.
  await Promise.all(Array.from({ length: callers }, () => connected(agent)))
  const end = performance.now() + lasting * 1_000
  const answers: Awaited<ReturnType<typeof validate>>[] = []
  const caller = async (number: number) => {
    for (let next = number; performance.now() < end; next += callers) {
      const answer = await validate(agent, oneOf(next))
      answers.push(answer)
      if (answer.status !== 200) await wait(200)
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, number) => caller(number)))
  agent.destroy()
  return answers
}

test('[L2] of three times as many callers as it takes, the service refuses the rest and answers all the others', {
  timeout: 300_000,
}, async () => {
  const answers = await askOnAndOn(3 * mostAtOnce, process.env.STRESS ? 60 : 5)
  const refused = answers.filter(({ status }) => status === 503 || status === 429)
  const others = answers.filter((answer) => !refused.includes(answer))
  const wrong = others.filter(
    ({ status, code }) => status !== 200 || !['ok', 'bound_elsewhere'].includes(`${code}`),
  )
  expect(wrong).toEqual([])
  expect(refused.length).toBeGreaterThan(0)
  await wait(5_000)
  const after = await askOnAndOn(16, 1)
  expect(after.filter(({ status }) => status !== 200)).toEqual([])
  console.log(
    `[L2] ${others.length} answered (${waited(others)}), ${refused.length} refused (${waited(refused)}); afterwards ${after.length} answered (${waited(after)})`,
  )
})

async function connected(agent: Agent) {
  const sent = request(`${service.url}/api/v1/ping`, { agent }).end()
  const [answer] = await once(sent, 'response')
  await once(answer.resume(), 'end')
}

function waited(answers: { milliseconds: number }[]) {
  const sorted = answers.map(({ milliseconds }) => Math.round(milliseconds)).sort((a, b) => a - b)
  return `median ${sorted[Math.floor(sorted.length / 2)]} ms, slowest ${sorted.at(-1)} ms`
}
