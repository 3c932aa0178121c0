export type Facts = Readonly<Record<string, string | number | boolean | null | Date | readonly string[]>>

/**
 * What can go wrong on purpose. The code is looked up in `messages/` for people; the facts fill its gaps.
 * `message` is for the log. Anything that is none of these five is a bug.
 */
export abstract class DomainError extends Error {
  readonly code: string
  readonly facts: Facts

  constructor(code: string, facts: Facts = {}) {
    super(`${code} ${JSON.stringify(facts)}`)
    this.name = new.target.name
    this.code = code
    this.facts = facts
  }
}

/** It is not there, or belongs to somebody else: the two look the same. */
export class NotFound extends DomainError {
  constructor(what: string) {
    super('not_found', { what })
  }
}

/** The person is known, the thing may be seen, but this is not theirs to do. */
export class Forbidden extends DomainError {
  constructor(permission: string, facts: Facts = {}) {
    super('forbidden', { permission, ...facts })
  }
}

/** A rule says no; the code is the verdict's `because`. */
export class Refused extends DomainError {}

/** Somebody else was there first. */
export class Conflict extends DomainError {}

/** Not now: the database, the mail server or Stripe cannot be reached, or there is too much to do. */
export class Unavailable extends DomainError {
  constructor(what: string, retryAfterSeconds = 5) {
    super('unavailable', { what, retryAfterSeconds })
  }
}

/** The input has the wrong shape. Facts: field name → message code. Typing errors are not audited. */
export class InvalidInput extends Refused {
  readonly fields: Readonly<Record<string, string>>

  constructor(fields: Record<string, string>) {
    super('invalid_input', fields)
    this.fields = fields
  }
}
