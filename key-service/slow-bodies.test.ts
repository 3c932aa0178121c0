import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { buildServer } from './server'

const limits = { mostAtOnce: 4, longestToCome: 1_000 }
const app = await buildServer(() => false, limits)
const url = await app.listen({ host: '127.0.0.1', port: 0 })
afterAll(() => app.close())

const head = 'POST /api/v1/keys/validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'

/** Who begins a request and then says nothing. */
async function begin(text: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).on('error', () => {})
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

test('whoever sends headers and no body keeps nobody else from an answer', async () => {
  const slow = await Promise.all(
    Array.from({ length: 10 }, () => begin(`${head}Content-Length: 99\r\n\r\n{`)),
  )
  await wait(100)
  const answers = await Promise.all([1, 2, 3].map(() => fetch(`${url}/api/v1/ping`)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  for (const socket of slow) socket.destroy()
})

test.each([
  ['its body', `${head}Content-Length: 99\r\n\r\n{`],
  ['its body, in chunks', `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`],
  ['its headers', head],
])('who does not finish %s in time is told so, and has no connection any more', async (_name, text) => {
  const began = performance.now()
  const socket = await begin(text)
  const said = (await socket.toArray()).join('')
  expect(said).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*"code":"timeout"/)
  expect(said.match(/HTTP\/1\.1/g)).toHaveLength(1)
  expect(performance.now() - began).toBeLessThan(limits.longestToCome + 5_000)
})

test('calls that are at work count until they are answered, also where the caller has hung up', async () => {
  // Each is answered at once, so that many more than may be at work at once come to their turn.
  for (let round = 0; round < 5; round++) {
    const gone = await Promise.all(
      Array.from({ length: 4 }, () => begin('GET /api/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n')),
    )
    for (const socket of gone) socket.destroy()
    await wait(50)
  }
  expect((await fetch(`${url}/api/v1/ping`)).status).toBe(200)
})
