import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { env } from '../lib/env.ts'
import en from '../lib/messages/en/activations.json' with { type: 'json' }
import fr from '../lib/messages/fr/activations.json' with { type: 'json' }
import { securityHeaders } from './headers.ts'
import { codeOf, isForKeyService, languageOf, problem } from './key-service.ts'

const statuses: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

type Unreadable = NodeJS.ErrnoException & { rawPacket?: Buffer }

/** Which status says what could not be read about a request. */
export const statusOf = (code = '') => statuses[code] ?? 400

/** The key's header, up to the next one, or to the end of all. */
const keyHeader = /\r?\nx-registration-key:(.*?)(?=\r?\n[\w-]+:|\r\n\r\n|$)/is
/** What no header may hold: RFC 9110, section 5.5. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const forbidden = /[\x00-\x08\x0a-\x1f\x7f]/

/**
 * Whether it is a GLPI's question about a key that breaks its request, as one with a line break inside does. Where something
 * else breaks it, nothing is said of the key: GLPI would believe for a day that a good one is bad.
 */
export const isBrokenKey = (asked: string) =>
  /^GET \/api\/registration\/info[ ?]/.test(asked) && forbidden.test(keyHeader.exec(asked)?.[1] ?? '')

/** How long a connection stays open after its answer: one that is closed upon what is still being sent takes it along. */
export const lingerMilliseconds = 1_000

/**
 * Whether another protocol is spoken on this connection. Only by the development server, which tells its pages what
 * changed; who merely offers one, as curl does with HTTP/2, would have no answer from the handler that Next registers.
 */
export const shouldUpgrade = ({ url = '', headers }: IncomingMessage) =>
  process.env.NODE_ENV === 'development' &&
  url.startsWith('/_next/hmr') &&
  headers.upgrade?.toLowerCase() === 'websocket'

/**
 * What cannot be read as a request never becomes one: Node answers it by itself, and its answers have no header but one.
 * The same statuses, with the headers of every other answer.
 */
export function answerUnreadable(server: Server) {
  const latest = new WeakMap<Duplex, ServerResponse>()
  const answered = new WeakSet<Duplex>()
  server.prependListener('request', (request, response) => void latest.set(request.socket, response))
  server.on('checkExpectation', ({ url = '', headers: asked }, response) => {
    const language = languageOf(asked['accept-language'])
    const { headers, body } = refused(417, isForKeyService(url), language)
    response.writeHead(417, headers).end(body)
  })
  server.on('connect', (_request, socket) => {
    socket.end(written(refused(405, false)), () => socket.destroy())
  })
  server.on('clientError', (error: Unreadable, socket) => {
    // The rest of what was answered already.
    if (answered.has(socket)) return
    const response = latest.get(socket)
    // After the beginning of another answer, a second one would be taken for the rest of it.
    const amid = response?.headersSent && !response.writableFinished
    if (!socket.writable || amid) {
      socket.destroy()
      return
    }
    answered.add(socket)
    socket.end(written(answerTo(error, response)))
    setTimeout(() => socket.destroy(), lingerMilliseconds).unref()
  })
}

function answerTo(error: Unreadable, response: ServerResponse | undefined) {
  const text = error.rawPacket?.toString('latin1') ?? ''
  if (isBrokenKey(text) && error.code !== 'HPE_HEADER_OVERFLOW') return verdictOnBrokenKey(text)
  // What was cut off has been asked for before.
  const path = /^[A-Z]+ (\S+)/.exec(text)?.[1] ?? response?.req.url
  // Who reads text asks for a page; GLPI takes what is no JSON for a server that is none.
  return refused(statusOf(error.code), path === undefined || isForKeyService(path), languageIn(text))
}

const languageIn = (text: string) => languageOf(/^accept-language:(.*)$/im.exec(text)?.[1])

/** A refusal; as JSON it is no verdict, being without `is_valid`. */
function refused(status: number, asJson: boolean, language = languageOf(undefined)) {
  if (!asJson) return of(status, STATUS_CODES[status] ?? '', { 'Content-Type': 'text/plain' })
  return json(status, problem(status, codeOf(status), language), 'problem+json')
}

/** What the key service answers where it is reached directly (brokenRegistration); no key reaches it from here. */
function verdictOnBrokenKey(text: string) {
  const { verdict, ask_again } = { en, fr }[languageIn(text)]
  const malformed = verdict.malformed.replace('{page}', `${env().PUBLIC_URL}/check`)
  const said = { validation_message: `${malformed} ${ask_again}`, owner: null, subscription: null }
  return json(200, JSON.stringify({ is_valid: false, ...said }))
}

const json = (status: number, body: string, type = 'json') =>
  of(status, body, { 'Content-Type': `application/${type}`, 'Cache-Control': 'no-store' })

const of = (status: number, body: string, about: Record<string, string>) => ({
  status,
  body,
  headers: {
    ...securityHeaders(),
    ...about,
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  },
})

function written({ status, headers, body }: ReturnType<typeof of>): string {
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...head, '', body].join('\r\n')
}
