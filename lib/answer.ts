import { AsyncLocalStorage } from 'node:async_hooks'
import type { ServerResponse } from 'node:http'

interface Requests {
  storage: AsyncLocalStorage<{ outage: boolean; attempted: boolean; response: ServerResponse }>
  /** The database has not answered since the start, so its role and the key ring are not checked yet. */
  unchecked: boolean
}

declare global {
  var latchkeyRequests: Requests | undefined
}

/*
 * What the server before Next must know of the business behind it. Kept on the process, because the two have a copy each
 * of this file: Node runs the one as it is, the other is part of the build.
 */
function requests(): Requests {
  globalThis.latchkeyRequests ??= { storage: new AsyncLocalStorage(), unchecked: false }
  return globalThis.latchkeyRequests
}

/** Runs the handling of one request; what it hands over tells from then on whether it came upon an outage. */
export function watchAnswer(response: ServerResponse, handle: (metOutage: () => boolean) => void) {
  const request = { outage: false, attempted: false, response }
  requests().storage.run(request, () => handle(() => request.outage))
}

/** Notes that the request at hand came upon an outage; elsewhere, in the worker or a script, it does nothing. */
export function noteOutage() {
  const request = requests().storage.getStore()
  if (request) request.outage = true
}

/** Notes that what the request at hand asks for does not exist: a page that says so is made like any other. */
export function noteMissing() {
  const { response } = requests().storage.getStore() ?? {}
  if (response && !response.headersSent) response.statusCode = 404
}

/** Notes that the request at hand could not be served now; what its answer says of it goes with it. */
export function noteUnavailable(retryAfterSeconds: number) {
  const { response } = requests().storage.getStore() ?? {}
  if (!response || response.headersSent) return
  response.statusCode = 503
  response.setHeader('Retry-After', String(retryAfterSeconds))
}

/** Whether the request at hand is now found for the first time to ask for what is not the asker's. */
export function isFirstAttempt(): boolean {
  const request = requests().storage.getStore()
  if (!request) return true
  const first = !request.attempted
  request.attempted = true
  return first
}

export const isUnchecked = () => requests().unchecked

export function setUnchecked(unchecked: boolean) {
  requests().unchecked = unchecked
}
