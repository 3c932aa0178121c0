import type { Server, ServerResponse } from 'node:http'

/**
 * Watches what a server is asked, for the function that it returns: that finishes what is under way, takes nothing new,
 * and resolves when every connection has ended. A connection that is kept alive would bring the next request.
 */
export function stopInOrder(server: Server): () => Promise<void> {
  const underWay = new Set<ServerResponse>()
  let stopping = false
  server.prependListener('request', (_request, response: ServerResponse) => {
    underWay.add(response)
    response.once('close', () => underWay.delete(response))
    // Its first half was there before the stop.
    if (stopping) endsItsConnection(response)
  })
  return () =>
    new Promise((resolve) => {
      stopping = true
      server.close(() => resolve())
      server.closeIdleConnections()
      for (const response of underWay) endsItsConnection(response)
    })
}

function endsItsConnection(response: ServerResponse) {
  const { socket } = response
  if (!response.headersSent) response.setHeader('Connection', 'close')
  // It was said already that the connection goes on.
  else response.once('finish', () => socket?.destroySoon())
}
