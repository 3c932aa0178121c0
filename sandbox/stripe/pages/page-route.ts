import type { Answer } from '../answer'
import type { World } from '../world'

export interface PageCall {
  world: World
  id: string
  form: URLSearchParams
  query: URLSearchParams
}

/** A page of the stand-in: `path` has one part in brackets, the ID of what it shows. */
export interface Page {
  method: 'GET' | 'POST'
  path: RegExp
  show: (call: PageCall) => Answer
}
