import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { brokenRegistration } from '@/lib/activations/registration'
import { now } from '@/lib/clock'
import { setEnvironment } from '@/sandbox/test/fixture'
import { answerUnreadable, shouldUpgrade } from './unreadable'

setEnvironment('postgres://latchkey_app:x@127.0.0.1:1/none')

const server = createServer({ shouldUpgradeCallback: shouldUpgrade }, (request, response) => {
  if (request.url === '/begun') return void response.write('begun')
  if (request.url?.endsWith('/wait')) return
  response.end('whole')
})
// As Next registers one with its first request, also where it speaks no other protocol.
server.on('upgrade', (_request, socket) => socket.end('another protocol'))
answerUnreadable(server)
await once(server.listen(0, '127.0.0.1'), 'listening')
afterAll(() => server.close())
afterEach(() => vi.unstubAllEnvs())

/** Everything that comes back until the connection ends. Each further part follows an answer; null: no more will come. */
async function answersTo(first: string, ...parts: (string | null)[]): Promise<string> {
  // as: it listens on a port
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let text = ''
  socket.on('data', (data) => {
    text += data
    const next = parts.shift()
    if (next) socket.write(next)
  })
  socket.write(first)
  if (parts[0] === null) socket.end()
  await once(socket, 'close')
  return text
}

const get = (path: string, header = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n`

test.each([
  ['an unknown method', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', '400 Bad Request'],
  ['too long a header', get('/', `X: ${'x'.repeat(20_000)}\r\n`), '431 Request Header Fields Too Large'],
  ['what nobody expects', get('/', 'Expect: cake\r\n'), '417 Expectation Failed'],
  [
    'a tunnel',
    'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n',
    '405 Method Not Allowed',
  ],
])('%s is answered with the headers of every answer', async (_what, sent, said) => {
  const answer = await answersTo(sent)
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${said}\\r\\n`))
  expect(answer).toContain("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n")
  expect(answer).toContain('X-Content-Type-Options: nosniff\r\n')
  expect(answer).toMatch(/^Connection: close\r$/m)
  expect(answer.endsWith(`\r\n\r\n${said.slice(4)}`)).toBe(true)
})

test.each([
  ['/api/registration/info', `X-Registration-Key: ${'x'.repeat(64 * 1_024)}\r\n`, 431],
  ['/api/registration/info', 'X: gks1\nabc\r\n', 400],
  // Another header breaks it, and the key is not judged.
  ['/api/registration/info', 'X-Registration-Key: gks1abc\r\nUser-Agent: a\nb\r\n', 400],
  ['/api/registration/info', 'A: b\nX-Registration-Key: gks1abc\r\nX: y\x01z\r\n', 400],
  ['/api/registration/info', 'X-Registration-Key: gks1abc\r\nContent-Length: abc\r\n', 400],
  ['/api/registration/infos', 'X-Registration-Key: gks1\nabc\r\n', 400],
  ['/api/v1/ping', 'X: a\x01b\r\n', 400],
  ['/api/v1/\x01ping', '', 400],
  ['/api/v1/a b', '', 400],
  ['/api/v1/ping', 'Expect: cake\r\n', 417],
  ['/api/marketplace/plugins?x=1', 'X-Registration-Key: gks1\nabc\r\n', 400],
])('to a GLPI that asks for %s it is JSON, and no verdict', async (path, header, status) => {
  const [head, body] = (await answersTo(get(path, header))).split('\r\n\r\n')
  expect(head).toContain(`HTTP/1.1 ${status} `)
  expect(head).toContain('\r\nContent-Type: application/problem+json\r\n')
  const code = { 400: 'bad_request', 417: 'expectation_failed', 431: 'headers_too_large' }[status]
  expect(JSON.parse(body ?? '')).toEqual({
    ...{ type: 'about:blank', title: expect.any(String), status, code, detail: expect.any(String) },
    // What GLPI shows: not the length of a body, of which it has sent none.
    ...(status === 431 ? { validation_message: expect.stringMatching(/headers.*portal/) } : {}),
  })
})

test('what is cut off amid its body is answered in JSON as well, where the path was the key service’s', async () => {
  const cutOff = (path: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{`
  expect(await answersTo(cutOff('/api/v1/wait'), null)).toMatch(
    /400 [\s\S]*\r\n\r\n{"type":"about:blank","title":"Bad Request"/,
  )
  expect(await answersTo(cutOff('/wait'), null)).toMatch(/400 [\s\S]*\r\n\r\nBad Request$/)
})

test('so is what does not say what it asks for: who reads text asks for a page', async () => {
  expect(await answersTo('\x16\x03\x01\x02')).toMatch(
    /400 [\s\S]*{"type":"about:blank","title":"Bad Request","status":400,"code":"bad_request","detail":"[^"]+"}$/,
  )
})

test.each(['en', 'fr'] as const)(
  'a key with a line break inside gets the verdict that the key service gives (%s)',
  async (language) => {
    const headers = `Accept-Language: ${language}\r\nX-Registration-Key: gks1\nabc\r\n`
    const [head, body] = (await answersTo(get('/api/registration/info', headers))).split('\r\n\r\n')
    expect(head).toContain('HTTP/1.1 200 OK')
    expect(head).toMatch(/^Cache-Control: no-store\r?$/m)
    expect(JSON.parse(body ?? '')).toEqual(brokenRegistration(language, now()))
  },
)

test('after a whole answer comes the refusal, amid one none', async () => {
  expect(await answersTo(get('/'), 'FOO')).toMatch(/whole[\s\S]*HTTP\/1.1 400/)
  expect(await answersTo(get('/begun'), 'FOO')).toMatch(/begun(?![\s\S]*HTTP)/)
})

test.each(['h2c', 'websocket', 'TLS/1.0'])(
  'who would rather speak %s is answered all the same',
  async (other) => {
    const offer = `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: ${other}\r\nHTTP2-Settings: AAMAAABk\r\n`
    const [headers, body] = (await answersTo(get('/', offer), get('/', 'Connection: close\r\n'))).split(
      '\r\n\r\n',
    )
    expect(headers).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(body).toContain('whole')
    expect(await answersTo(get('/_next/hmr', `${offer}Connection: close\r\n`))).toContain('whole')
  },
)

test('the development server’s own connection is spoken, and nothing beside it', async () => {
  vi.stubEnv('NODE_ENV', 'development')
  const offer = (name: string) => `Connection: Upgrade\r\nUpgrade: ${name}\r\n`
  expect(await answersTo(get('/_next/hmr?id=x', offer('WebSocket')))).toBe('another protocol')
  expect(await answersTo(get('/', `${offer('websocket')}Connection: close\r\n`))).toContain('whole')
  expect(await answersTo(get('/_next/hmr', `${offer('h2c')}Connection: close\r\n`))).toContain('whole')
})
