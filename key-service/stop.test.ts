import { randomUUID } from 'node:crypto'
import { Agent, get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { makeCustomer, sold } from '@/sandbox/test/sold'

const database = await productDatabase()
const acme = await makeCustomer('acme')

/** Asks on and on over one connection, until an answer says that it ends. */
async function askOnAndOn(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let answers = 0
  for (;;) {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${url}/api/v1/time`, { agent }, resolve).on('error', reject)
    })
    const text = (await answer.toArray()).join('')
    const { statusCode: status, headers } = answer
    expect({ answers: ++answers, status, text }).toMatchObject({ status: 200 })
    if (headers.connection === 'close') return 'told'
  }
}

test('a stop answers what is under way, tells each connection before it ends, and cuts none', async () => {
  const { url, running } = await startKeyService(database)
  const clients = Array.from({ length: 16 }, () => askOnAndOn(url))
  const settled = Promise.allSettled(clients)
  const { hostname, port } = new URL(url)
  const slow = connect(Number(port), hostname)
  const body = JSON.stringify({ key: 'x' })
  const head = `POST /api/v1/keys/validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  slow.write(head + body.slice(0, 3))
  await wait(300)
  const exited = running.stop()
  await wait(300)
  slow.write(body.slice(3))
  const said = (await slow.toArray()).join('')
  expect(said).toMatch(/^HTTP\/1\.1 200 [\s\S]*^connection: close\r$[\s\S]*"malformed"/im)
  expect(await settled).toEqual(clients.map(() => ({ status: 'fulfilled', value: 'told' })))
  expect(await exited).toEqual({ code: 0, signal: null })
})

test('who does not finish its request keeps no stop waiting beyond its limit', async () => {
  const { url, running } = await startKeyService(database)
  const { hostname, port } = new URL(url)
  const half = connect(Number(port), hostname).on('error', () => {})
  half.write('POST /api/v1/keys/validate HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n')
  await wait(100)
  expect(await running.stop()).toEqual({ code: 0, signal: null })
})

test('a key service that is asked to stop keeps first what it has just answered', async () => {
  const service = await startKeyService(database)
  const { key, keyId, url } = await sold(database, acme)
  const asked = { key, product: 'forms', installation_id: `installation-${randomUUID()}`, url }
  const answers = await Promise.all([1, 2, 3].map(() => service.ask('POST', '/api/v1/keys/validate', asked)))
  expect(answers.map(({ body }) => body.code)).toEqual(['ok', 'ok', 'ok'])
  // Within the second after which it writes by itself.
  await service.running.stop('SIGTERM')
  const kept = 'select sum(calls)::int as calls from checks where key_id = $1'
  expect(await rowsOf(database, kept, [keyId])).toEqual([{ calls: 3 }])
})
