import type { Server, ServerResponse } from 'node:http'
import { Server as Listener } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** Milliseconds: how long is waited for a moment in which nobody is about to be let in, and how short that is. */
const [mostDraining, shortTurn] = [500, 0.1]

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
    for (const response of underWay) endsItsConnection(response)
    // Before anybody else is sent away: whose connection ends comes back, is refused here, and goes elsewhere.
    const { ended } = await closeListener(server)
    stopping = true
    for (const response of underWay) endsItsConnection(response)
    if (linger > 0) await untilNobodyIsConnected(server, linger)
    const late = longest < Infinity && setTimeout(() => server.closeAllConnections(), longest)
    server.closeIdleConnections()
    await ended
    if (late) clearTimeout(late)
  }
}

/**
 * Lets in nobody any more. Whoever waits to be let in when a listener closes is reset by the system; each turn of the event
 * loop lets one in. After a turn that let in nobody, and took no time in which somebody could have come, nobody waits.
 * @returns what resolves when all have gone who were in
 */
function closeListener(server: Server): Promise<{ ended: Promise<void> }> {
  let letIn = false
  const note = () => {
    letIn = true
  }
  server.on('connection', note)
  const end = performance.now() + mostDraining
  return new Promise((resolve) => {
    function turn(since: number) {
      const at = performance.now()
      if (at < end && (letIn || at - since > shortTurn)) {
        letIn = false
        setImmediate(turn, performance.now())
        return
      }
      // The HTTP server's own would also end the connections that are kept alive.
      const ended = new Promise<void>((done) => Listener.prototype.close.call(server, () => done()))
      server.off('connection', note)
      resolve({ ended })
    }
    setImmediate(turn, Number.NEGATIVE_INFINITY)
  })
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
