import type { ServerResponse } from 'node:http'
import { Failure } from './failure'

/** What goes back, of the API and of the pages. */
export interface Answer {
  status: number
  headers: Record<string, string>
  body: string | Buffer
}

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
})

export const failed = (error: unknown): Answer => {
  if (error instanceof Failure) {
    // Asking again would not help, and the SDK would.
    return json(error.status, error.body, error.status === 501 ? { 'stripe-should-retry': 'false' } : {})
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return json(500, { error: { type: 'api_error', message: `The stand-in for Stripe failed: ${message}` } })
}

export function send(response: ServerResponse, answer: Answer) {
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) })
  response.end(answer.body)
}
