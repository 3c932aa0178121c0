/*
 * The web process: Next behind a plain HTTP server, because three things must be settled before Next sees a request: the
 * client's address, the headers that every answer carries, and whether it can be read at all. And one after: that an
 * outage is called one. Run by Node itself (no loader), so what it imports of ours has a path and imports no `@/`.
 */
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import next from 'next'
import { isUnchecked, watchAnswer } from '../lib/answer.ts'
import { env } from '../lib/env.ts'
import { setClientAddress, trustedProxies } from './client-address.ts'
import { setHeaders } from './headers.ts'
import { forward, isForKeyService } from './key-service.ts'
import { answerOutage, explainOutage } from './outage.ts'
import { explainOutdated } from './outdated.ts'
import { stopInOrder } from './stop-in-order.ts'
import { answerUnreadable, shouldUpgrade } from './unreadable.ts'

const port = Number(process.env.PORT ?? 3000)
const hostname = process.env.HOST ?? '0.0.0.0'
// The longest form of the portal has some kilobytes.
const mostBytes = 262_144
// Checked before it is read, and so before Next comes to the start's own check (instrumentation.ts).
const { PUBLIC_URL: publicOrigin, TRUSTED_PROXIES, KEY_SERVICE_URL } = checkedEnv()
const trusted = trustedProxies(TRUSTED_PROXIES)

const app = next({ dev: process.env.NODE_ENV === 'development', hostname, port })
await app.prepare()
const handle = app.getRequestHandler()

// A request without a host is refused below, by an answer with headers.
const options = { requireHostHeader: false, shouldUpgradeCallback: shouldUpgrade }
const server = createServer(options, (request, response) => {
  setClientAddress(request, trusted)
  setHeaders(request, response)
  // For the way back after signing in.
  request.headers['x-path'] = (request.url ?? '/')
    .replace(/([?&])_rsc(?:=[^&]*)?(?:&|$)/, '$1')
    .replace(/[?&]$/, '')
  if (isForKeyService(request.url ?? '')) {
    forward(request, response, KEY_SERVICE_URL)
    return
  }
  // No file of Next's is worth asking for in parts, and over a part that it has not it fails with 500.
  delete request.headers.range
  const status = refusal(request)
  if (status) {
    response
      .writeHead(status, { 'Content-Type': 'text/plain', Connection: 'close' })
      .end(STATUS_CODES[status])
    return
  }
  if (isUnchecked() && !/^\/(_next|api)\//.test(request.url ?? '')) {
    answerOutage(response)
    return
  }
  if (isAction(request)) {
    blameTheSender(response)
    // Next would refuse it unread, by a Host that can be forged; without it act.ts refuses it, and records that.
    if (request.headers.origin !== publicOrigin) delete request.headers.origin
    if (!('next-action' in request.headers)) explainOutdated(request, response)
  }
  watchAnswer(response, (met) => {
    explainOutage(response, met)
    void handle(request, response)
  })
})
server.keepAliveTimeout = 65_000
server.once('error', (error) =>
  refuseToStart(`It cannot listen on HOST ${hostname}, PORT ${port}: ${error.message}`),
)
answerUnreadable(server)
const stop = stopInOrder(server)
server.listen(port, hostname)

// What is under way is finished, nothing new is taken.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void stop().then(() => process.exit(0)))
}

function checkedEnv() {
  try {
    return env()
  } catch (error) {
    return refuseToStart(error instanceof Error ? error.message : String(error))
  }
}

function refuseToStart(because: string): never {
  process.stderr.write(`Latchkey does not start. ${because}\n`)
  process.exit(1)
}

/**
 * The status for what is refused unread. Next reads bodies to their end, answers 500 to `/%ff` and to `*`, and passes an
 * action that was posted to another page on to its own, by a request to itself.
 */
function refusal({ method = '', url = '', headers, httpVersion }: IncomingMessage): number | undefined {
  // Of the others Next cannot make a request; TRACE ends in a 500.
  if (!/^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method)) return 405
  try {
    decodeURIComponent(url.replace(/\?.*/, ''))
  } catch {
    return 400
  }
  // `*` is the server as a whole, which has nothing to say.
  if (url === '*' || (httpVersion === '1.1' && headers.host === undefined)) return 400
  if (url.length > 8_192) return 414
  // Next's own page for what failed, which it shows by itself; asked for, it fails.
  if (url.startsWith('/_global-error') || 'x-action-forwarded' in headers) return 404
  if (headers['transfer-encoding']) return 411
  return Number(headers['content-length'] ?? 0) > mostBytes ? 413 : undefined
}

const isAction = ({ method, headers }: IncomingMessage) =>
  method === 'POST' &&
  ('next-action' in headers || headers['content-type']?.startsWith('multipart/form-data') === true)

/**
 * Actions answer what they foresaw and what they did not in a sentence (app/_request/act.ts), so a 500 without a page is
 * Next's own: a body that it could not read as an action's. That is the sender's mistake.
 */
function blameTheSender(response: ServerResponse) {
  const implicit = response.writeHead
  response.writeHead = function writeHead(this: ServerResponse, status: number, ...rest: unknown[]) {
    const page = String(response.getHeader('content-type') ?? '').startsWith('text/html')
    return Reflect.apply(implicit, this, [status === 500 && !page ? 400 : status, ...rest])
  }
}
