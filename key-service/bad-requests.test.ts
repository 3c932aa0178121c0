import { request } from 'node:http'
import { connect } from 'node:net'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { productDatabase, rowsOf } from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { makeCustomer, sold } from '@/sandbox/test/sold'

const database = await productDatabase()
const service = await startKeyService(database, { LOG_LEVEL: 'silent' })
let key: string

beforeAll(async () => {
  key = (await sold(database, await makeCustomer('acme'))).key
})

const trials = process.env.STRESS ? 10_000 : 1_000
const atOnce = 25

interface Sent {
  method: string
  path: string
  headers: Record<string, string>
  body: string | undefined
}

/** Sends it as it is: fetch would refuse half of it itself. */
function send({ method, path, headers, body }: Sent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(service.url)
    // Of a DELETE, Node would not say that it has a body.
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }
    const options = { hostname, port, method, path, headers: { ...headers, ...length }, timeout: 10_000 }
    const sent = request(options, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        text += chunk
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
    })
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path} hangs`)))
    sent.on('error', reject)
    sent.end(body)
  })
}

const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    '',
    'null',
    '\u0000',
    '../../etc/passwd',
    '{{7*7}}',
    `' or 1=1 --`,
    '\ud800',
    'gks1'.repeat(800),
  ),
)
const headerText = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map(String.fromCharCode),
  maxLength: 200,
})
const odd = fc.oneof(
  text,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(text, { maxLength: 3 }),
)
const fields = [
  'key',
  'product',
  'installation_id',
  'url',
  'product_version',
  'glpi_version',
  'kinds',
  'nonce',
  'lease',
  'secret',
]
const someFields = fc.dictionary(
  fc.oneof(fc.constantFrom(...fields), text),
  fc.oneof(odd, fc.object({ maxDepth: 2 })),
  {
    maxKeys: 8,
  },
)
/** Almost right: a good request with one field made odd. */
const almost = fc.tuple(fc.constantFrom(...fields), odd).map(([field, value]) => ({
  ...{ key, product: 'forms', installation_id: 'one', url: 'https://glpi.example', glpi_version: '11.0.2' },
  [field]: value,
}))
const body = fc.oneof(
  fc.oneof(someFields, almost).map((value) => JSON.stringify(value)),
  fc.json({ maxDepth: 3 }),
  text,
  fc.constantFrom(
    '{"key":',
    '[]',
    '{"__proto__":{"x":1}}',
    `{"key":"${'x'.repeat(15_000)}"}`,
    'x'.repeat(17_000),
  ),
)
const headers = fc.record(
  {
    'Content-Type': fc.constantFrom(
      'application/json',
      'text/plain',
      'application/xml',
      'multipart/form-data',
      '',
    ),
    'X-Registration-Key': headerText,
    Authorization: headerText.map((value) => `Bearer ${value}`),
    'Accept-Language': headerText,
    'X-Forwarded-For': headerText,
  },
  { requiredKeys: ['Content-Type'] },
)

const id = '01a20227-319d-771f-ad23-72008e87e942'
const routes: [method: string, path: string][] = [
  ['POST', '/api/v1/keys/validate'],
  ['POST', '/api/v1/activations'],
  ['POST', `/api/v1/activations/${id}/refresh`],
  ['DELETE', `/api/v1/activations/${id}`],
  ['POST', '/api/v1/offline-files'],
  ['GET', '/api/v1/keys'],
  ['GET', '/api/v1/time'],
  ['GET', '/api/v1/ping'],
  ['GET', '/.well-known/jwks.json'],
]

test.each(routes)('[B2] %s %s answers what is malformed without failing', async (method, path) => {
  const end = fc.oneof(
    fc.constant(''),
    fc.webQueryParameters().map((query) => `?${query}`),
    fc.webPath().map((more) => `/${more}`),
  )
  const sent = fc.record({ end, headers, body: method === 'GET' ? fc.constant(undefined) : body })
  await fc.assert(
    fc.asyncProperty(fc.array(sent, { minLength: atOnce, maxLength: atOnce }), async (some) => {
      const answers = await Promise.all(
        some.map(({ end: after, ...one }) => send({ method, path: path + encodeURI(after), ...one })),
      )
      for (const { status, text: answer } of answers) {
        expect(status, answer).toBeLessThan(500)
        expect(answer).not.toMatch(/node_modules|\bat [\w.<>]+ \(|\.ts:\d+/)
      }
    }),
    { numRuns: trials / atOnce },
  )
  console.log(`[B2] ${trials} requests`)
})

test('[B2] what is no HTTP at all is answered, or its connection ended, and the service goes on', async () => {
  const noise = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 400 }).map(Buffer.from),
    text.map(Buffer.from),
  )
  const { hostname, port } = new URL(service.url)
  const runs = trials / 10
  await fc.assert(
    fc.asyncProperty(noise, async (bytes) => {
      const answer = await new Promise<string>((resolve) => {
        let heard = ''
        const socket = connect(Number(port), hostname, () => socket.end(bytes))
        socket.on('data', (data) => {
          heard += data.toString('latin1')
        })
        socket.on('close', () => resolve(heard)).on('error', () => resolve(heard))
        socket.setTimeout(5_000, () => socket.destroy())
      })
      expect(answer).not.toMatch(/^HTTP\/1\.1 5|node_modules/)
    }),
    { numRuns: runs },
  )
  expect((await service.ask('GET', '/api/v1/ping')).status).toBe(200)
  console.log(`[B2] ${runs} noises`)
})

test('[B2] whatever stands in a field, the answer is kept, and those of others in the same second', async () => {
  const callers: string[] = []
  const runs = trials / 50
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('product_version', 'secret', 'key', 'environment'),
      text,
      async (field, value) => {
        const by = { installation_id: `of-${callers.length}`, product: 'forms', glpi_version: '11.0.2' }
        callers.push(by.installation_id)
        const ask = (more: object) => service.ask('POST', '/api/v1/keys/validate', { key, ...by, ...more })
        await Promise.all([ask({ [field]: value }), ask({})])
      },
    ),
    { numRuns: runs },
  )
  for (const product_version of ['3.2\u0000', '3.2\ud800']) {
    const installation_id = `of-${callers.length}`
    callers.push(installation_id)
    const answer = await service.ask('POST', '/api/v1/keys/validate', {
      key,
      installation_id,
      product_version,
    })
    expect(answer.status).toBe(200)
  }
  const kept = async () =>
    (await rowsOf<{ id: string }>(database, `select distinct installation_id as id from checks`)).map(
      ({ id }) => id,
    )
  await expect.poll(kept, { timeout: 10_000 }).toEqual(expect.arrayContaining(callers))
  const versions = await rowsOf(
    database,
    `select product_version as version from checks where installation_id = any($1) order by id`,
    [callers.slice(-2)],
  )
  expect(versions).toEqual([{ version: '3.2 ' }, { version: '3.2\ufffd' }])
  console.log(`[B2] ${2 * runs} answers`)
})
