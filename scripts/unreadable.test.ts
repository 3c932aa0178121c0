import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { answerUnreadable, shouldUpgrade } from './unreadable'

const server = createServer({ shouldUpgradeCallback: shouldUpgrade }, (request, response) => {
  if (request.url === '/begun') return void response.write('begun')
  response.end('whole')
})
// As Next registers one with its first request, also where it speaks no other protocol.
server.on('upgrade', (_request, socket) => socket.end('another protocol'))
answerUnreadable(server)
await once(server.listen(0, '127.0.0.1'), 'listening')
afterAll(() => server.close())
afterEach(() => vi.unstubAllEnvs())

/** Everything that comes back until the connection ends. */
async function answersTo(...parts: string[]): Promise<string> {
  // as: it listens on a port
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  let text = ''
  socket.on('data', (data) => {
    text += data
    const next = parts.shift()
    if (next) socket.write(next)
  })
  socket.write(parts.shift() ?? '')
  await once(socket, 'close')
  return text
}

const get = (path: string, header = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n`

test.each([
  ['an unknown method', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', '400 Bad Request'],
  ['what is no request', '\x16\x03\x01\x02', '400 Bad Request'],
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
  ['/api/registration/info', 'X-Registration-Key: gks1\nabc\r\n', 400],
  ['/api/marketplace/plugins?x=1', 'X-Registration-Key: gks1\nabc\r\n', 400],
])('to a GLPI that asks for %s it is JSON, and no verdict', async (path, header, status) => {
  const [head, body] = (await answersTo(get(path, header))).split('\r\n\r\n')
  expect(head).toContain(`HTTP/1.1 ${status} `)
  expect(head).toContain('\r\nContent-Type: application/json\r\n')
  expect(JSON.parse(body ?? '')).toEqual({ title: expect.any(String), status })
})

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
