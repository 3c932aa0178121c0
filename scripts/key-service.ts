import {
  request as ask,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import { request as askSecurely } from 'node:https'
import { pipeline } from 'node:stream'
import en from '../lib/messages/en/activations.json' with { type: 'json' }
import fr from '../lib/messages/fr/activations.json' with { type: 'json' }

/** What GLPI servers ask for. A proxy in front parts these paths by itself (Caddyfile), and faster. */
export const keyServicePaths = [
  ...[
    '/api/v1',
    '/api/v1/*',
    '/api/registration/*',
    '/api/marketplace/*',
    '/api/glpi-plugins/*',
    '/api/ping',
  ],
  ...['/api/openapi.json', '/.well-known/jwks.json'],
]

/** The longest body that the key service reads. */
export const mostBytes = 16 * 1_024

/** Whether the key service answers that, however it is written. */
export function isForKeyService(url: string): boolean {
  const asked = decoded(pathOf(url).replace(/\?.*/s, '')).replace(/\/{2,}/g, '/')
  return keyServicePaths.some((path) =>
    path.endsWith('*') ? asked.startsWith(path.slice(0, -1)) : asked === path,
  )
}

/** What is asked for of this server, also where its whole address stands there (RFC 9112, section 3.2.2). */
const pathOf = (url: string) => url.replace(/^https?:\/\/[^/?]*/i, '') || '/'

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

const longestMilliseconds = 15_000
const lingerMilliseconds = 1_000

/**
 * Passes a call on to the key service as it came, with the client's address, and its answer back. The body is read first:
 * what is too long would be answered while it is still being sent, and that answer be lost on the way.
 */
export function forward(request: IncomingMessage, response: ServerResponse, to: string) {
  const { headers, httpVersion } = request
  if (httpVersion === '1.1' && headers.host === undefined)
    return refuse(request, response, 400, 'bad_request')
  if (Number(headers['content-length'] ?? 0) > mostBytes) return refuse(request, response, 413, 'too_large')
  const parts: Buffer[] = []
  let bytes = 0
  const late = setTimeout(() => refuse(request, response, 408, 'timeout'), longestMilliseconds)
  const settled = () => clearTimeout(late)
  response.once('close', settled)
  request.on('data', (part: Buffer) => {
    bytes += part.length
    if (bytes <= mostBytes) parts.push(part)
    else if (!response.headersSent) refuse(request, response, 413, 'too_large')
  })
  request.once('end', () => {
    settled()
    if (!response.headersSent) pass(request, Buffer.concat(parts), response, new URL(to))
  })
}

function pass(request: IncomingMessage, body: Buffer, response: ServerResponse, to: URL) {
  const { method, url = '' } = request
  const path = pathOf(url)
  const { 'transfer-encoding': chunked, expect: _, ...headers } = withoutHops(request.headers)
  if (chunked) headers['content-length'] = String(body.length)
  const { hostname, port, protocol } = to
  const send = protocol === 'https:' ? askSecurely : ask
  const options = { hostname, port, method, path, headers, timeout: longestMilliseconds }
  const passed = send(options, (answer) => {
    response.writeHead(answer.statusCode ?? 502, withoutHops(answer.headers))
    // What breaks off there breaks off here.
    pipeline(answer, response, () => {})
  })
  passed.on('timeout', () => passed.destroy(new Error('the key service took too long')))
  passed.on('error', () => unavailable(request, response))
  response.on('close', () => passed.destroy())
  passed.end(body)
}

/** Without a verdict: whoever asked must not take an outage for a bad key. */
function unavailable({ headers }: IncomingMessage, response: ServerResponse) {
  if (response.headersSent) response.destroy()
  else
    response
      .writeHead(503, { ...problemHeaders, 'Retry-After': '5' })
      .end(problem(503, 'unavailable', languageOf(headers['accept-language'])))
}

/**
 * Answers at once, and ends the connection when all has come, or a second later: one that is closed upon what is still
 * being sent takes the answer along (RFC 9112, section 9.6).
 */
function refuse(request: IncomingMessage, response: ServerResponse, status: number, code: Code) {
  const body = problem(status, code, languageOf(request.headers['accept-language']))
  response.writeHead(status, {
    ...problemHeaders,
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  })
  response.write(body)
  const end = () => response.end()
  const late = setTimeout(end, lingerMilliseconds)
  request.once('end', end).resume()
  response.once('close', () => clearTimeout(late))
}

const problemHeaders = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' }

type Code = keyof typeof en.problem
const messages = { en, fr }

/** Whoever prefers French; English else. */
export const languageOf = (acceptLanguage: string | undefined): keyof typeof messages =>
  /^\s*fr\b/i.test(acceptLanguage ?? '') ? 'fr' : 'en'

/** What a status says that is answered without a route. */
const codes: Record<number, Code> = {
  408: 'timeout',
  413: 'too_large',
  417: 'expectation_failed',
  431: 'headers_too_large',
}
export const codeOf = (status: number): Code => codes[status] ?? 'bad_request'

/** As the key service answers (RFC 9457). */
export function problem(status: number, code: Code, language: keyof typeof messages): string {
  const detail = messages[language].problem[code]
  // A key is the one header in which somebody pastes a text; GLPI's administrator reads this member alone.
  const forGlpi =
    code === 'headers_too_large' ? { validation_message: messages[language].headers_too_large } : {}
  return JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    code,
    detail,
    ...forGlpi,
  })
}

/** About one connection and not about what is said over it (RFC 9110, section 7.6.1): each side has its own. */
const hops = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade']

function withoutHops(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !hops.includes(name) && !named.includes(name)),
  )
}
