import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, expect, test } from 'vitest'
import { unavailableWhenDown } from '@/db/failures'
import { watchAnswer } from '@/lib/answer'
import { explainOutage } from '@/scripts/outage'

type Handler = (response: ServerResponse) => void | Promise<void>
let handler: Handler = () => {}
const server = createServer((_request, response) =>
  watchAnswer(response, (met) => {
    explainOutage(response, met)
    void handler(response)
  }),
)
await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
afterAll(() => server.close())

async function ask(answering: Handler, method = 'GET') {
  handler = answering
  // a server that listens on a port has an address of this kind
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/`, { method })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const refused = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))
/** As a page does that asks a database which is gone. */
const meet = () => unavailableWhenDown(refused).catch(() => {})

const failing: [how: string, fail: Handler][] = [
  ['the head said first', (response) => void response.writeHead(500, { 'Content-Length': 4 }).end('oops')],
  [
    'the status set and the body ended',
    (response) => {
      response.statusCode = 500
      response.setHeader('Content-Length', 4)
      response.end('oops')
    },
  ],
  [
    'the body streamed, compressed',
    (response) => {
      response.statusCode = 500
      response.setHeader('Content-Encoding', 'gzip')
      Readable.from(['oops', 'oops']).pipe(response)
    },
  ],
  [
    'the headers flushed',
    (response) => {
      response.statusCode = 500
      response.flushHeaders()
      response.write('oops', () => response.end())
    },
  ],
]

test.each(failing)(
  'a 500 after an outage becomes a 503 that says when to come back: %s',
  async (_how, fail) => {
    const { status, headers, text } = await ask(async (response) => {
      await meet()
      await fail(response)
    })
    expect({ status, retry: headers.get('retry-after'), type: headers.get('content-type') }).toEqual({
      status: 503,
      retry: '5',
      type: 'text/html; charset=utf-8',
    })
    expect(headers.get('content-encoding')).toBeNull()
    expect(text).toContain('Back in a moment')
    expect(text).toContain('De retour dans un instant')
    expect(text).not.toMatch(/oops|<script/)
    expect(text.endsWith('</html>\n')).toBe(true)
  },
)

test.each(failing)('a 500 for another reason stays what it is: %s', async (_how, fail) => {
  expect((await ask(async (response) => fail(response), 'HEAD')).status).toBe(500)
})

test('an answer that came in spite of an outage is left alone, piece by piece', async () => {
  const { status, text } = await ask(async (response) => {
    await meet()
    response.write('a page ')
    Readable.from(['in ', 'pieces']).pipe(response)
  })
  expect({ status, text }).toEqual({ status: 200, text: 'a page in pieces' })
})

test("one request's outage is no other's", async () => {
  await ask(async (response) => {
    await meet()
    response.end()
  })
  const { status, text } = await ask((response) => void response.writeHead(500).end('a bug'))
  expect({ status, text }).toEqual({ status: 500, text: 'a bug' })
})
