import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Fixture, productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { makeCustomer, sold } from '@/sandbox/test/sold'

const database = await productDatabase()
const full = process.env.STRESS === '1'

/** Stands between the key service and Postgres: passes everything on, cuts every connection, swallows what is sent, or lets answers wait. */
async function startWire() {
  const target = new URL(database.keyServiceUrl)
  const { hostname, port } = target
  const open = new Set<Socket>()
  let state: 'whole' | 'cut' | 'swallowing' | 'lagging' = 'whole'
  const server = createServer((near) => {
    open.add(near)
    near.on('close', () => open.delete(near)).on('error', () => {})
    if (state === 'cut') return near.destroy()
    const far = connect(Number(port), hostname)
    open.add(far)
    far.on('close', () => near.destroy()).on('error', () => {})
    near.on('close', () => far.destroy())
    near.on('data', (data) => state !== 'swallowing' && far.write(data))
    far.on('data', (data) => {
      if (state === 'whole') near.write(data)
      // Less than any one wait's end.
      if (state === 'lagging') setTimeout(() => near.write(data), 750)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  target.port = typeof address === 'object' ? `${address?.port}` : ''
  afterAll(() => server.close())
  const cutAll = () => {
    for (const socket of open) socket.destroy()
  }
  return {
    url: target.href,
    restore: () => {
      state = 'whole'
      cutAll()
    },
    cut: () => {
      state = 'cut'
      cutAll()
    },
    lag: () => {
      state = 'lagging'
    },
    swallow: () => {
      state = 'swallowing'
    },
  }
}

const wire = await startWire()
const service = await startKeyService({ ...database, keyServiceUrl: wire.url }, { LOG_LEVEL: 'silent' })
let fixture: Fixture
let key: string

beforeAll(async () => {
  fixture = await makeCustomer('acme')
  key = (await sold(database, fixture)).key
})

const asked: [method: string, path: string, body?: object][] = [
  ['POST', '/api/v1/keys/validate', { installation_id: 'one' }],
  ['POST', '/api/v1/activations', { product: 'forms', installation_id: 'one' }],
  [
    'POST',
    '/api/v1/activations/01a20227-319d-771f-ad23-72008e87e942/refresh',
    { product: 'forms', installation_id: 'one' },
  ],
  ['DELETE', '/api/v1/activations/01a20227-319d-771f-ad23-72008e87e942', { installation_id: 'one' }],
  ['GET', '/api/v1/keys'],
]

async function everyRoute() {
  return Promise.all(
    asked.map(async ([method, path, body]) => {
      const begun = performance.now()
      const headers = { Authorization: `Bearer lkt_${'A'.repeat(43)}` }
      const answer = await service.ask(method, path, body && { ...body, key }, headers)
      return { path, milliseconds: performance.now() - begun, ...answer }
    }),
  )
}

afterEach(() => wire.restore())

const isWhole = async () => (await service.ask('POST', '/api/v1/keys/validate', { key })).body.code === 'ok'

test('[F8] without Postgres every call is answered 503 within two seconds, with no verdict, and it heals by itself', async () => {
  expect(await isWhole()).toBe(true)
  const rounds = full ? 100 : 6
  for (let round = 0; round < rounds; round++) {
    if (round % 2) wire.swallow()
    else wire.cut()
    for (const { status, headers, body, milliseconds, path } of await everyRoute()) {
      expect(status, path).toBe(503)
      expect(headers.get('retry-after'), path).toMatch(/^\d+$/)
      expect(body, path).toMatchObject({ status: 503, code: 'unavailable' })
      expect(JSON.stringify(body)).not.toMatch(/valid"|signed|lease/)
      expect(milliseconds, path).toBeLessThan(2_000)
    }
    wire.restore()
    await expect.poll(isWhole, { timeout: 5_000 }).toBe(true)
  }
  expect((await service.ask('GET', '/api/v1/ping')).body).toEqual({ ok: true })
  console.log(`[F8] ${rounds} outages, ${asked.length} routes`)
})

test('[F8] of waits that each have an end the sum has one too: a call that asks Postgres many times is told in time', async () => {
  const { key: fresh } = await sold(database, fixture)
  wire.lag()
  const begun = performance.now()
  const call = { key: fresh, product: 'forms', installation_id: 'many' }
  const { status, headers, body } = await service.ask('POST', '/api/v1/activations', call)
  expect(performance.now() - begun).toBeLessThan(2_000)
  expect({ status, code: body.code }).toEqual({ status: 503, code: 'unavailable' })
  expect(headers.get('retry-after')).toMatch(/^\d+$/)
  wire.restore()
  await expect.poll(isWhole, { timeout: 5_000 }).toBe(true)
  console.log('[F8] 1 call')
})

test('what is answered while Postgres comes and goes is kept once it is back', async () => {
  const { key: another } = await sold(database, fixture)
  expect(
    (await service.ask('POST', '/api/v1/keys/validate', { key: another, installation_id: 'kept' })).status,
  ).toBe(200)
  wire.cut()
  await wait(1_200)
  wire.restore()
  const kept = () => rowsOf(database, `select calls from checks where installation_id = 'kept'`)
  await expect.poll(kept, { timeout: 10_000 }).toEqual([{ calls: 1 }])
})
