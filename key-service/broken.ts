import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionError } from 'fastify'
import { brokenRegistration } from '@/lib/activations/registration'
import { now } from '@/lib/clock'
import { languageFrom } from '@/lib/messages/translator'
import { codeOf, problem } from '@/scripts/key-service'
import { isBrokenKey, lingerMilliseconds, statusOf } from '@/scripts/unreadable'

/** Whose answer is on its way. */
const answered = new WeakSet<Socket>()

/**
 * Answers what cannot be read as a request. GLPI 9.5 and 10 send a key as it was pasted, and one with a line break inside
 * ends up here: its administrator is told so, instead of "unable to fetch".
 */
export function answerBroken({ code, rawPacket }: ConnectionError, socket: Socket) {
  // The rest of what was answered already.
  if (answered.has(socket)) return
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const asked = Buffer.isBuffer(rawPacket) ? rawPacket.toString('latin1') : ''
  const isKey = isBrokenKey(asked)
  const status = isKey ? 200 : statusOf(code)
  const language = languageFrom(/^accept-language:(.*)$/im.exec(asked)?.[1])
  const json = isKey
    ? JSON.stringify(brokenRegistration(language, now()))
    : problem(status, codeOf(status), language)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: application/${isKey ? 'json; charset=utf-8' : 'problem+json'}`,
    `Content-Length: ${Buffer.byteLength(json)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ]
  answered.add(socket)
  socket.end(`${head.join('\r\n')}\r\n\r\n${json}`)
  // A connection that is closed upon what is still being sent takes the answer along: RFC 9112, section 9.6.
  setTimeout(() => socket.destroy(), lingerMilliseconds).unref()
}

/** Of an `Expect` that is not the usual one Node would say so without a body. */
export function answerExpectation({ headers }: IncomingMessage, response: ServerResponse) {
  const body = problem(417, 'expectation_failed', languageFrom(headers['accept-language']))
  const about = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' }
  response.writeHead(417, { ...about, 'Content-Length': Buffer.byteLength(body) }).end(body)
}
