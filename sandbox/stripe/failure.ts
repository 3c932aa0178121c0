import type Stripe from 'stripe'

type Type = 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error'

interface Facts {
  type: Type
  message: string
  code?: string
  param?: string
  decline_code?: string
  charge?: string
  payment_intent?: Stripe.PaymentIntent
  setup_intent?: Stripe.SetupIntent
  payment_method?: Stripe.PaymentMethod
}

/** What Stripe would refuse, in the words and shape that the SDK turns into its errors. */
export class Failure extends Error {
  constructor(
    readonly status: number,
    readonly facts: Facts,
  ) {
    super(facts.message)
  }

  get body() {
    const { code } = this.facts
    return {
      error: code ? { ...this.facts, doc_url: `https://stripe.com/docs/error-codes/${code}` } : this.facts,
    }
  }
}

const optional = (code?: string, param?: string) => ({
  ...(code ? { code } : {}),
  ...(param ? { param } : {}),
})

export const invalid = (message: string, param?: string, code?: string) =>
  new Failure(400, { type: 'invalid_request_error', message, ...optional(code, param) })

export const missing = (what: string, id: string, param = 'id') =>
  new Failure(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    message: `No such ${what}: '${id}'`,
    param,
  })

/** What Stripe does and its stand-in does not: said aloud, so that nobody takes silence for Stripe's behaviour. */
export const notHere = (what: string) =>
  new Failure(501, { type: 'api_error', message: `The stand-in for Stripe does not know ${what}.` })
