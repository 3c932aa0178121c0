import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { now } from '@/lib/clock'
import { send } from './answer'
import { type Asked, newApi } from './api'
import { movable } from './clock'
import { answerControl, live, type StandIn } from './control'
import { type Attempt, Deliveries } from './deliveries'
import { afterInvoice } from './dunning'
import { Faults } from './faults'
import { answerWith } from './faulty'
import { answerPage } from './pages/pages'
import { answerPanel } from './pages/panel'
import { find, routes } from './routes'
import { newEndpoint } from './webhook-endpoints'
import { newWorld } from './world'

interface Options {
  /** A free one, when it is not said. */
  port?: number
  /** What time it is; the demo's clock, when it is not said. */
  now?: () => Date
  /** Webhook endpoints that are there from the start, with secrets that are known beforehand; of all events unless said. */
  endpoints?: { url: string; secret: string; events?: string[] }[]
  /** Called on each day that is lived through, and waited for. */
  eachDay?: ((now: Date) => Promise<void>) | undefined
}

export interface StripeStandIn {
  url: string
  port: number
  faults: Faults
  /** Each try to deliver an event. */
  attempts: readonly Attempt[]
  /** When no webhook is on its way any more. */
  settled: () => Promise<void>
  /** Moves the clock, does all that is due until then, and waits until its webhooks are answered. */
  moveTo: (moment: Date) => Promise<void>
  stop(): Promise<void>
}

/** More than any parameter of Stripe's needs. */
const largest = 1_000_000
/** How often it is looked whether something is due: the clock may have been moved elsewhere. */
const often = 200

/** Starts the stand-in for Stripe, on the loopback interface alone. */
export async function startStripe(options: Options = {}): Promise<StripeStandIn> {
  const standIn = newStandIn(options)
  const { api, deliveries, faults } = standIn
  const server = createServer((request, response) => {
    handle(standIn, request, response).catch(() => response.destroy())
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  // Listening on a port, so its address is no path.
  const { port } = server.address() as AddressInfo
  api.world.url = `http://127.0.0.1:${port}`
  for (const { url, secret, events = ['*'] } of options.endpoints ?? [])
    newEndpoint(api.world, { url, secret, enabled_events: events })
  const ticking = setInterval(() => api.world.time.run(), often)
  return {
    url: api.world.url,
    port,
    faults,
    attempts: deliveries.attempts,
    settled: deliveries.settled,
    moveTo: (moment) => live(standIn, Math.floor(moment.getTime() / 1000)),
    stop: async () => {
      clearInterval(ticking)
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function newStandIn(options: Options): StandIn {
  const clock = movable(options.now ?? now, options.now ? undefined : process.env.SANDBOX_CLOCK_FILE)
  const world = newWorld({ url: '', now: clock.now })
  const faults = new Faults()
  const deliveries = new Deliveries(world, faults)
  world.deliver = deliveries.deliver
  world.hooks.invoice = (invoice, what) => afterInvoice(world, invoice, what)
  return { api: newApi(world, routes, find), faults, deliveries, clock, eachDay: options.eachDay }
}

async function handle(standIn: StandIn, request: IncomingMessage, response: ServerResponse) {
  const { api, faults } = standIn
  const asked = await read(request)
  if (asked.path === '/' || asked.path === '/travel') return send(response, answerPanel(standIn, asked))
  if (asked.path.startsWith('/_sandbox/')) return send(response, await answerControl(standIn, asked))
  if (!asked.path.startsWith('/v1/')) return send(response, answerPage(api.world, asked))
  const outcome = await answerWith(faults.ofApi(asked.method, asked.path), api, asked)
  if (outcome.answer) send(response, outcome.answer)
  else if (!outcome.silent) response.destroy()
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
