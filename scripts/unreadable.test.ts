import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { answerUnreadable } from './unreadable'

const server = createServer((request, response) => {
  if (request.url === '/begun') return void response.write('begun')
  response.end('whole')
})
answerUnreadable(server)
await once(server.listen(0, '127.0.0.1'), 'listening')
afterAll(() => server.close())

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
])('%s is answered with the headers of every answer', async (_what, sent, said) => {
  const answer = await answersTo(sent)
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${said}\\r\\n`))
  expect(answer).toContain("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n")
  expect(answer).toContain('X-Content-Type-Options: nosniff\r\n')
  expect(answer).toMatch(/^Connection: close\r$/m)
  expect(answer.endsWith(`\r\n\r\n${said.slice(4)}`)).toBe(true)
})

test('after a whole answer comes the refusal, amid one none', async () => {
  expect(await answersTo(get('/'), 'FOO')).toMatch(/whole[\s\S]*HTTP\/1.1 400/)
  expect(await answersTo(get('/begun'), 'FOO')).toMatch(/begun(?![\s\S]*HTTP)/)
})
