import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { request as askSecurely } from 'node:https'

/** What GLPI servers ask for. A proxy in front parts these paths by itself (Caddyfile), and faster. */
export const keyServicePaths = [
  ...['/api/v1/*', '/api/registration/*', '/api/marketplace/*', '/api/glpi-plugins/*', '/api/ping'],
  ...['/api/openapi.json', '/.well-known/jwks.json'],
]

/** Whether the key service answers that. */
export function isForKeyService(url: string): boolean {
  const asked = url.replace(/\?.*/s, '')
  return keyServicePaths.some((path) =>
    path.endsWith('*') ? asked.startsWith(path.slice(0, -1)) : asked === path,
  )
}

const longestMilliseconds = 15_000

/** Passes a call on to the key service as it came, with the client's address, and its answer back. */
export function forward(request: IncomingMessage, response: ServerResponse, to: string) {
  const { method, url, headers } = request
  const target = new URL(to)
  const { hostname, port, protocol } = target
  const send = protocol === 'https:' ? askSecurely : ask
  const passed = send(
    { hostname, port, method, path: url, headers, timeout: longestMilliseconds },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    },
  )
  passed.on('timeout', () => passed.destroy(new Error('the key service took too long')))
  passed.on('error', () => unavailable(response))
  response.on('close', () => passed.destroy())
  request.pipe(passed)
}

/** Without a verdict: whoever asked must not take an outage for a bad key. */
function unavailable(response: ServerResponse) {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const problem = { type: 'about:blank', title: 'Service Unavailable', status: 503, code: 'unavailable' }
  response
    .writeHead(503, {
      'Content-Type': 'application/problem+json',
      'Retry-After': '5',
      'Cache-Control': 'no-store',
    })
    .end(JSON.stringify(problem))
}
