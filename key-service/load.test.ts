import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
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

const agent = new Agent({ keepAlive: true, maxSockets: connections })

/** Not by fetch, which needs more of the processor than the service that it asks. */
function validate({ key, installation }: Known): Promise<{ status: number; code?: string }> {
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
          resolve({ status, ...(status === 200 ? JSON.parse(Buffer.concat(chunks).toString()) : {}) })
        })
      },
    )
    sent.on('error', reject)
    sent.end(JSON.stringify({ key, installation_id: installation }))
  })
}

const resident = () =>
  Number(readFileSync(`/proc/${service.running.pid}/statm`, 'utf8').split(' ')[1]) * pageBytes

test('[L1] under 64 connections no answer is wrong, and no memory is kept', {
  timeout: (seconds + 120) * 1_000,
}, async () => {
  let [answers, refusedByLimit] = [0, 0]
  const wrong: string[] = []
  const begin = performance.now()
  const askOnAndOn = async (connection: number) => {
    for (let next = connection; performance.now() < begin + seconds * 1_000; next += connections) {
      const one = known[next % known.length]
      if (!one) return
      const { status, code } = await validate(one)
      answers++
      // Of one key at most sixty a second from one installation: what the limit is there for.
      if (status === 429) refusedByLimit++
      else if (status !== 200 || code !== one.code) wrong.push(`${status} ${code} instead of ${one.code}`)
    }
  }
  const load = Promise.all(Array.from({ length: connections }, (_, connection) => askOnAndOn(connection)))
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
