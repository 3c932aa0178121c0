import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { securityHeaders } from './headers.ts'
import { isForKeyService } from './key-service.ts'

const statuses: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

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
  server.prependListener('request', (request, response) => void latest.set(request.socket, response))
  server.on('checkExpectation', (_request, response) => {
    response.writeHead(417, headersOf(417)).end(STATUS_CODES[417])
  })
  server.on('connect', (_request, socket) => void socket.end(refusal(405), () => socket.destroy()))
  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket) => {
    const response = latest.get(socket)
    // After the beginning of another answer, a second one would be taken for the rest of it.
    const amid = response?.headersSent && !response.writableFinished
    if (!socket.writable || amid) socket.destroy()
    else socket.end(refusal(statuses[error.code ?? ''] ?? 400, askedOf(error)), () => socket.destroy())
  })
}

/** What was asked for, as far as it can be read. */
const askedOf = ({ rawPacket }: { rawPacket?: Buffer }) =>
  /^[A-Z]+ (\S+) HTTP/.exec(rawPacket?.toString('latin1') ?? '')?.[1] ?? ''

function refusal(status: number, asked = ''): string {
  const title = STATUS_CODES[status] ?? ''
  // GLPI takes what is no JSON for a server that is none; without `is_valid` this is no verdict.
  const json = isForKeyService(asked)
  const body = json ? JSON.stringify({ title, status }) : title
  const headers = { ...headersOf(status), 'Content-Length': body.length }
  const lines = Object.entries(json ? { ...headers, 'Content-Type': 'application/json' } : headers)
  const head = lines.map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status} ${title}`, ...head, '', body].join('\r\n')
}

const headersOf = (status: number) => ({
  ...securityHeaders(),
  'Content-Type': 'text/plain',
  'Content-Length': STATUS_CODES[status]?.length ?? 0,
  Connection: 'close',
})
