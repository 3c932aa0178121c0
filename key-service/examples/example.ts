import { testKey } from '@/lib/activations/test-keys'
import messages from '@/lib/messages/en/activations.json'

/*
 * The examples of the reference: what is sent, and what is answered. A test sends each request to the service and compares the answer: its status, its
 * members, its code. Test keys are sent as they stand here.
 */

export interface Example {
  /** Of the request and of its answer. */
  name: string
  summary: string
  /** In the path or the query. */
  parameters?: Record<string, string>
  body?: Record<string, unknown>
  status: number
  answer: Record<string, unknown>
}

/** Stands for a key that somebody has bought. */
export const yourKey = testKey('your-plugin', 'ok')
export const product = 'forms'
export const installation_id = 'b6sf8Ht0vVcX3nRk2wYq'
export const ok = testKey(product, 'ok')
/** A statement, cut short. */
export const jws = 'eyJhbGciOiJFZERTQSIsImtpZCI6Ijh5… .eyJpc3MiOiJodHRwczovL3BvcnRhbC5… .Rk5vZ2x5c…'
export const unknownKey = testKey('nobody', 'ok')
const sentences: Record<string, string> = messages.problem
export const problem = (status: number, title: string, code: string, more: Record<string, unknown> = {}) => ({
  status,
  answer: {
    type: 'about:blank',
    title,
    status,
    code,
    ...(code in sentences ? { detail: sentences[code] } : {}),
    ...more,
  },
})
export const missing = problem(400, 'Bad Request', 'invalid_input', {
  fields: { installation_id: 'required' },
})
