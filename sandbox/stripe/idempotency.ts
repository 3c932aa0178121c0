import type { Answer } from './answer'
import { Failure } from './failure'

interface Kept {
  asked: string
  path: string
  at: number
  /** Undefined while the first request is on its way. */
  answer?: Answer
}

const day = 24 * 60 * 60

/** What was answered under which key. */
export class Keys {
  readonly #kept = new Map<string, Kept>()

  /**
   * @returns what was answered the first time; undefined when this is the first time, which then has to be `keep`ed or
   * `forget`ed.
   * @throws {Failure} when the key is in use at this moment, or was used for something else
   */
  begin(key: string, path: string, asked: string, now: number): Answer | undefined {
    const before = this.#kept.get(key)
    if (!before || now - before.at >= day) {
      this.#kept.set(key, { asked, path, at: now })
      return undefined
    }
    if (before.path !== path)
      throw misused(`for the same endpoint they were first used for ('${path}' vs '${before.path}')`, key)
    if (before.asked !== asked) throw misused('with the same parameters they were first used with', key)
    if (!before.answer) throw inUse(key)
    return before.answer
  }

  keep(key: string, answer: Answer) {
    const kept = this.#kept.get(key)
    if (kept) kept.answer = answer
  }

  forget = (key: string) => this.#kept.delete(key)
}

const misused = (how: string, key: string) =>
  new Failure(400, {
    type: 'idempotency_error',
    message: `Keys for idempotent requests can only be used ${how}. Try using a key other than '${key}' if you meant to execute a different request.`,
  })

const inUse = (key: string) =>
  new Failure(409, {
    type: 'idempotency_error',
    code: 'idempotency_key_in_use',
    message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
  })
