import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { stopInOrder } from '@/scripts/stop-in-order'

const get = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** A server whose answers the test gives, and one connection to it that stays open, with a request under way. */
async function underWay(how: Parameters<typeof stopInOrder>[1] = {}) {
  const responses: ServerResponse[] = []
  const server = createServer((_request, response) => void responses.push(response))
  const sockets: Socket[] = []
  server.on('connection', (socket) => void sockets.push(socket))
  const stop = stopInOrder(server, how)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  // a server that listens on a port has an address of this kind
  const { port } = server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  let said = ''
  socket.on('data', (data) => {
    said += data
  })
  socket.write(get)
  await expect.poll(() => responses.length).toBe(1)
  const first = responses[0]
  if (!first) throw new Error('nothing was asked')
  return { first, responses, socket, sockets, port, stop, said: () => said }
}

test('what is under way is answered with the end of its connection, and the server ends', async () => {
  const { first, socket, stop, said } = await underWay()
  const stopped = stop()
  first.end('done')
  await Promise.all([stopped, once(socket, 'end')])
  expect(said()).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*^Connection: close\r\n[\s\S]*done/m)
})

test('a connection on which an answer had begun ends with it, and takes nothing more', async () => {
  const { first, responses, socket, stop, said } = await underWay()
  first.write('half')
  await expect.poll(said).toContain('half')
  const closed = once(socket, 'close')
  const stopped = stop()
  first.end('whole')
  await expect.poll(said).toContain('whole')
  socket.write(get)
  await Promise.all([stopped, closed])
  expect(responses).toHaveLength(1)
})

test('a request whose first half came before the stop is answered, and ends its connection', async () => {
  const { first, responses, sockets, port, stop } = await underWay()
  const late = connect(port, '127.0.0.1')
  late.write(get.slice(0, 10))
  await expect.poll(() => sockets[1]?.bytesRead).toBe(10)
  const stopped = stop()
  late.write(get.slice(10))
  let said = ''
  late.on('data', (data) => {
    said += data
  })
  await expect.poll(() => responses.length).toBe(2)
  first.end()
  responses[1]?.end('done')
  await Promise.all([stopped, once(late, 'end')])
  expect(said).toMatch(/^Connection: close\r\n[\s\S]*done/m)
})

test('nobody is let in any more while those who are connected are still told', async () => {
  const { first, responses, socket, port, stop, said } = await underWay({ linger: 2_000 })
  first.end('done')
  await expect.poll(said).toContain('done')
  const stopped = stop()
  const late = () =>
    new Promise((resolve) => {
      const another = connect(port, '127.0.0.1', () => resolve(another.destroy() && 'let in'))
      another.on('error', (error) => resolve('code' in error && error.code))
    })
  await expect.poll(late).toBe('ECONNREFUSED')
  socket.write(get)
  await expect.poll(() => responses.length).toBe(2)
  responses[1]?.end('and told')
  await Promise.all([stopped, once(socket, 'end')])
  expect(said()).toMatch(/^Connection: close\r\n[\s\S]*and told/m)
})
