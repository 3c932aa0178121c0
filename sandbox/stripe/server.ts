import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { now } from '@/lib/clock'
import { send } from './answer'
import { type Api, type Asked, answerTo, newApi } from './api'
import { afterInvoice } from './dunning'
import { answerPage } from './pages/pages'
import { find, routes } from './routes'
import { newWorld } from './world'

export interface StripeStandIn {
  url: string
  port: number
  stop(): Promise<void>
}

/** More than any parameter of Stripe's needs. */
const largest = 1_000_000

/** Starts the stand-in for Stripe, on the loopback interface alone. */
export async function startStripe(options: { port?: number; now?: () => Date } = {}): Promise<StripeStandIn> {
  const world = newWorld({ url: '', now: options.now ?? now })
  world.hooks.invoice = (invoice, what) => afterInvoice(world, invoice, what)
  const api = newApi(world, routes, find)
  const server = createServer((request, response) => {
    handle(api, request, response).catch(() => response.destroy())
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  // Listening on a port, so its address is no path.
  const { port } = server.address() as AddressInfo
  world.url = `http://127.0.0.1:${port}`
  return {
    url: world.url,
    port,
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function handle(api: Api, request: IncomingMessage, response: ServerResponse) {
  const asked = await read(request)
  const isApi = asked.path.startsWith('/v1/')
  send(response, isApi ? await answerTo(api, asked, async (answer) => answer) : answerPage(api.world, asked))
}

async function read(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    chunks.push(chunk)
    size += chunk.length
    if (size > largest) throw new Error('more than any request needs')
  }
  const [path = '', query = ''] = (request.url ?? '').split('?')
  return {
    method: request.method ?? '',
    path,
    query,
    body: Buffer.concat(chunks).toString('utf8'),
    headers: request.headers,
  }
}
