import { AsyncLocalStorage } from 'node:async_hooks'

interface Requests {
  storage: AsyncLocalStorage<{ outage: boolean }>
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

/** Runs the handling of one request; what it returns tells from then on whether it came upon an outage. */
export function watchOutage(handle: (met: () => boolean) => void) {
  const request = { outage: false }
  requests().storage.run(request, () => handle(() => request.outage))
}

/** Notes that the request at hand came upon an outage; elsewhere, in the worker or a script, it does nothing. */
export function noteOutage() {
  const request = requests().storage.getStore()
  if (request) request.outage = true
}

export const isUnchecked = () => requests().unchecked

export function setUnchecked(unchecked: boolean) {
  requests().unchecked = unchecked
}
