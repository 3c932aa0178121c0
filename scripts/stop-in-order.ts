import type { Server, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

/**
 * Watches what a server is asked, for the function that it returns: that finishes what is under way, takes nothing new,
 * and resolves when every connection has ended. A connection that is kept alive would bring the next request.
 * @param linger for how long such a connection stays open, so that who asks on and on is told of its end by an answer
 * instead of being cut off amid a question (milliseconds)
 * @param longest after which nobody is waited for (milliseconds)
 */
export function stopInOrder(server: Server, { linger = 0, longest = Infinity } = {}): () => Promise<void> {
  const underWay = new Set<ServerResponse>()
  let stopping = false
  server.prependListener('request', (_request, response: ServerResponse) => {
    underWay.add(response)
    response.once('close', () => underWay.delete(response))
    // Its first half was there before the stop.
    if (stopping) endsItsConnection(response)
  })
  return async () => {
    stopping = true
    for (const response of underWay) endsItsConnection(response)
    if (linger > 0) await untilNobodyIsConnected(server, linger)
    const late = longest < Infinity && setTimeout(() => server.closeAllConnections(), longest)
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeIdleConnections()
    })
    if (late) clearTimeout(late)
  }
}

async function untilNobodyIsConnected(server: Server, milliseconds: number) {
  const connections = () =>
    new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)))
  const end = performance.now() + milliseconds
  while (performance.now() < end && (await connections()) > 0) await wait(20)
}

function endsItsConnection(response: ServerResponse) {
  const { socket } = response
  if (!response.headersSent) response.setHeader('Connection', 'close')
  // It was said already that the connection goes on.
  else response.once('finish', () => socket?.destroySoon())
}
