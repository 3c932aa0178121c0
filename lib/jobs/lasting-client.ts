import { Client, type ClientConfig } from 'pg'
import { isDown } from '@/db/failures'

const cannotConnectNow = '57P03'

/**
 * A client for graphile-worker that calls every lost connection by the code that the library tries again after.
 *
 * The library (0.17.3) marks a job as done with `withRetries`, which knows 57P03 but neither a server that is shut down
 * (57P01) nor a broken socket; what it throws is awaited by nobody, so that Node ends the process. Its first look at
 * its tasks goes the same way, and is kept for ever when it fails (`RETRYABLE_ERROR_CODES` in its `lib.js`).
 */
export class LastingClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(config)
    const [connect, query] = [this.connect.bind(this), this.query.bind(this)]
    // Assigned, since neither method's many signatures could be overridden in one.
    Object.assign(this, {
      connect: (done: (error: Error) => void) => connect((error: Error) => done(passing(error))),
      query: (...call: Parameters<typeof query>) => {
        const answer: unknown = query(...call)
        return answer instanceof Promise
          ? answer.catch((error: unknown) => {
              throw passing(error)
            })
          : answer
      },
    })
  }
}

function passing<E>(error: E): E {
  return error instanceof Error && isDown(error) ? Object.assign(error, { code: cannotConnectNow }) : error
}
