import { setTimeout as wait } from 'node:timers/promises'

/**
 * When each of many connections asks. Without a pace at once, again and again; with one at its times, and what comes too late
 * counts as asked when it was due: who waits for an answer before the next question would not see the queue.
 */
export function pace(connection: number, connections: number, perSecond: number | undefined) {
  if (!perSecond) return async () => performance.now()
  const step = (1_000 * connections) / perSecond
  let due = performance.now() + (step * connection) / connections
  return async () => {
    const mine = due
    due += step
    const left = mine - performance.now()
    if (left <= 0) return mine
    await wait(left)
    return performance.now()
  }
}
