import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import path from 'node:path'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { forward, isForKeyService, keyServicePaths, mostBytes } from './key-service'

test('the proxy of compose.yaml hands the key service the same paths as the web process does', () => {
  const text = readFileSync(path.join(import.meta.dirname, '../Caddyfile'), 'utf8')
  const [, paths, to] = /@glpi path (.*)\n\s*reverse_proxy @glpi (\S+)\n/.exec(text) ?? []
  expect(paths?.split(' ')).toEqual(keyServicePaths)
  expect(to).toBe('key-service:3100')
})

test.each([
  ['/api/v1/activations', true],
  ['/api/v1/time?nonce=12345678', true],
  ['/api/registration/info', true],
  ['/api/marketplace/plugins', true],
  ['/api/glpi-plugins/plugins', true],
  ['/api/ping', true],
  ['/api/ping?x=/', true],
  ['/api/openapi.json', true],
  ['/.well-known/jwks.json', true],
  ['/api/v1', true],
  ['/api/v%31/ping', true],
  ['//api/v1/ping', true],
  ['/api//registration/info', true],
  ['http://portal.example/api/v1/ping', true],
  ['http://portal.example//api/ping?x=/', true],
  ['http://portal.example', false],
  ['http://portal.example/acme?/api/v1/ping', false],
  ['/%ff/api/v1/ping', false],
  ['//portal.example/x', false],
  ['/', false],
  ['/api/health', false],
  ['/api/pinged', false],
  ['/api/v10/x', false],
  ['/acme/api/v1/activations', false],
  ['/x?/api/v1/activations', false],
])('%s is the key service’s: %s', (url, wanted) => {
  expect(isForKeyService(url)).toBe(wanted)
})

/** The key service's stand-in, which answers with what it was sent; and the web process before it. */
const asked: IncomingMessage[] = []
const behind = createServer(async (request, response) => {
  asked.push(request)
  if (request.url === '/api/v1/cut') return void response.write('half', () => response.destroy())
  const body = (await request.toArray().catch(() => [])).join('')
  const { 'content-length': length = null, 'transfer-encoding': coding = null } = request.headers
  if (request.url === '/api/v1/hops')
    response
      .setHeader('X-Own', 'y')
      .setHeader('Connection', 'close, X-Own')
      .setHeader('Keep-Alive', 'timeout=72')
  response.end(JSON.stringify({ body, length, coding }))
})
const web = createServer({ requireHostHeader: false }, (request, response) =>
  forward(request, response, `http://127.0.0.1:${portOf(behind)}`),
)
await Promise.all([behind, web].map((server) => once(server.listen(0, '127.0.0.1'), 'listening')))
afterAll(() => {
  for (const server of [behind, web]) server.close().closeAllConnections()
})
beforeEach(() => void asked.splice(0))

// as: it listens on a port
const portOf = (server: Server) => (server.address() as AddressInfo).port

/** What comes back until the connection ends, and after how many milliseconds it began. */
async function answerTo(head: string[], send: (socket: Socket) => void = () => {}) {
  const socket = connect(portOf(web), '127.0.0.1')
  const since = Date.now()
  let text = ''
  let after = Number.POSITIVE_INFINITY
  socket.on('data', (data) => {
    after = Math.min(after, Date.now() - since)
    text += data
  })
  // Who is cut off while it sends sees the connection end so.
  socket.on('error', () => {})
  socket.write(`${['POST /api/v1/keys/validate HTTP/1.1', ...head].join('\r\n')}\r\n\r\n`)
  send(socket)
  await new Promise((resolve) => socket.on('close', resolve))
  const [headers = '', body = ''] = text.split('\r\n\r\n')
  return { headers, body, after }
}

const tooLarge = {
  ...{ type: 'about:blank', title: 'Payload Too Large', status: 413, code: 'too_large' },
  detail: 'More was sent than is read: a body may have 16 kB.',
}
const megabytes = (count: number) => Buffer.alloc(count * 1_024 * 1_024, 'x')

test.each<[string, string[], (socket: Socket) => void]>([
  ['a body of 5 MB', ['Content-Length: 5242880'], (socket) => void socket.write(megabytes(5))],
  ['a body that is only said to be long', ['Content-Length: 99999999999'], () => {}],
  [
    'a body in parts that never ends',
    ['Transfer-Encoding: chunked'],
    (socket) => {
      const part = () => void (socket.writable && socket.write(`10000\r\n${'x'.repeat(65_536)}\r\n`, part))
      part()
    },
  ],
])('%s is refused at once as too large, whatever is still being sent', async (_, head, send) => {
  const { headers, body, after } = await answerTo(['Host: x', ...head], send)
  expect(headers).toMatch(/^HTTP\/1\.1 413 /)
  expect(headers).toContain('\r\nContent-Type: application/problem+json\r\n')
  expect(headers).toContain('\r\nCache-Control: no-store\r\n')
  expect(headers).toMatch(/^Connection: close\r?$/m)
  expect(JSON.parse(body)).toEqual(tooLarge)
  expect(after).toBeLessThan(2_000)
  expect(asked).toEqual([])
})

test('a body that is as long as it may be arrives, in one piece', async () => {
  const part = `2000\r\n${'x'.repeat(0x2000)}\r\n`
  const head = ['Host: x', 'Connection: close', 'Transfer-Encoding: chunked']
  const { body } = await answerTo(head, (socket) => void socket.write(`${part}${part}0\r\n\r\n`))
  expect(JSON.parse(body)).toEqual({ body: 'x'.repeat(mostBytes), length: String(mostBytes), coding: null })
})

test('a body that does not come is not waited for for ever', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const answer = answerTo(['Host: x', 'Content-Length: 10'], (socket) => void socket.write('half'))
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0))
    await vi.advanceTimersByTimeAsync(15_000)
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1))
    await vi.advanceTimersByTimeAsync(1_000)
    expect((await answer).headers).toMatch(/^HTTP\/1\.1 408 /)
  } finally {
    vi.useRealTimers()
  }
})

test('who names no host is told so as a problem', async () => {
  const { headers, body } = await answerTo(['Content-Length: 0'])
  expect(headers).toContain('application/problem+json')
  expect(JSON.parse(body)).toMatchObject({ status: 400, code: 'bad_request' })
})

test('an answer that breaks off there breaks off here', async () => {
  const url = `http://127.0.0.1:${portOf(web)}/api/v1/cut`
  await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow()
})

test('each side’s connection is its own business', async () => {
  const [first, second] = await new Promise<[string, string]>((resolve) => {
    const socket = connect(portOf(web), '127.0.0.1')
    const parts: string[] = []
    const ask = (more: string) => socket.write(`GET /api/v1/hops HTTP/1.1\r\nHost: x\r\n${more}\r\n`)
    socket.on('data', (data) => {
      parts.push(String(data))
      if (parts.length === 1) ask('Connection: close, X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\n')
    })
    socket.on('close', () => resolve([parts[0] ?? '', parts.slice(1).join('')]))
    ask('')
  })
  expect(first).toMatch(/^Connection: keep-alive\r$/m)
  expect(first).not.toMatch(/timeout=72|x-own/i)
  expect(second).toMatch(/^Connection: close\r$/m)
  const [, sent] = asked
  expect(sent?.headers).not.toHaveProperty('x-mine')
  expect(sent?.headers).not.toHaveProperty('te')
  expect(sent?.headers.connection).not.toContain('X-Mine')
})

test('what is asked for by its whole address, or with two slashes, arrives as it is meant', async () => {
  for (const target of ['http://portal.example/api/v1/ping?x', '//api/v1/ping']) {
    const socket = connect(portOf(web), '127.0.0.1')
    socket.end(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    await once(socket.resume(), 'close')
  }
  expect(asked.map(({ url }) => url)).toEqual(['/api/v1/ping?x', '//api/v1/ping'])
})

test.each([
  ['fr', /Il n’y a|Ce n’est pas/],
  ['en', /no request/],
])('what is refused says so in a sentence (%s)', async (language, says) => {
  const { body } = await answerTo(['Content-Length: 0', `Accept-Language: ${language}`])
  expect(JSON.parse(body).detail).toMatch(says)
})
