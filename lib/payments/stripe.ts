import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import Stripe from 'stripe'
import { z } from 'zod'
import { env } from '@/lib/env'
import { Unavailable } from '@/lib/errors'
import { log } from '@/lib/log'
import { listMissingPermission, permissionsNamed } from './missing-permission'

export type { Stripe }

let client: Stripe | undefined

/** Whether the vendor sells through the portal at all. */
export const sells = () => env().STRIPE_SECRET_KEY !== undefined

/**
 * The official SDK. Somebody waits for the answer: it is given up after ten seconds and one repeat (its own patience is 80
 * seconds and two), https://docs.stripe.com/api/idempotent_requests makes the repeat harmless.
 * @throws Unavailable where no key is set
 */
export function stripe(): Stripe {
  const { STRIPE_SECRET_KEY, SANDBOX_STRIPE_URL } = env()
  if (!STRIPE_SECRET_KEY) throw new Unavailable('stripe', 3_600)
  const at = SANDBOX_STRIPE_URL ? new URL(SANDBOX_STRIPE_URL) : undefined
  client ??= new Stripe(STRIPE_SECRET_KEY, {
    timeout: 5_000,
    maxNetworkRetries: 1,
    telemetry: false,
    ...(at && { protocol: 'http', host: at.hostname, port: at.port }),
  })
  return client
}

/**
 * Asks Stripe for something.
 * @throws Unavailable where Stripe cannot be reached, has too much to do, fails, does not know our key or allow it this (which
 * staff are told), or is still at it: whatever was asked can be asked again. What it refuses is a fault of ours, and is thrown
 * as it is.
 */
export async function asking<T>(question: (stripe: Stripe) => Promise<T>): Promise<T> {
  try {
    return await beforeDeadline(question(stripe()))
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError) || !isOutage(error)) throw error
    if (error instanceof Stripe.errors.StripePermissionError) {
      const permission = permissionsNamed(error.message)
      log.error({ permission }, 'our key may not do at Stripe what was asked')
      await listMissingPermission(permission)
    } else
      log.warn({ error: error.type, code: error.code, status: error.statusCode }, 'Stripe does not serve us')
    throw Object.assign(new Unavailable('stripe', 30), { cause: error })
  }
}

const deadlines = new AsyncLocalStorage<AbortSignal>()
/** Of all that one person's click asks of Stripe, in milliseconds. */
const patience = 10_000

/**
 * Asks Stripe several things for somebody who waits: all of them together are given up after ten seconds, where each alone
 * would be. What was asked may still be done; asked again, under its idempotency key, it is the same.
 */
export const whileSomebodyWaits = <T>(work: () => Promise<T>): Promise<T> =>
  deadlines.run(AbortSignal.timeout(patience), work)

async function beforeDeadline<T>(answer: Promise<T>): Promise<T> {
  const deadline = deadlines.getStore()
  if (!deadline) return answer
  const over = new AbortController()
  const late = deadline.aborted
    ? Promise.resolve('late' as const)
    : once(deadline, 'abort', { signal: over.signal }).then(() => 'late' as const)
  // Whichever comes second is nobody's any more.
  late.catch(() => {})
  answer.catch(() => {})
  try {
    const first = await Promise.race([answer.then((value) => ({ value })), late])
    if (first !== 'late') return first.value
  } finally {
    over.abort()
  }
  log.warn('Stripe did not answer in time')
  throw new Unavailable('stripe', 30)
}

const isOutage = (error: InstanceType<typeof Stripe.errors.StripeError>) =>
  error instanceof Stripe.errors.StripeConnectionError ||
  error instanceof Stripe.errors.StripeRateLimitError ||
  error instanceof Stripe.errors.StripeAuthenticationError ||
  error instanceof Stripe.errors.StripePermissionError ||
  error instanceof Stripe.errors.StripeAPIError ||
  // The first asking under this idempotency key is still under way: https://docs.stripe.com/error-low-level#idempotency
  error.code === 'idempotency_key_in_use'

/** Whether Stripe has said again what it had failed with before, under the same idempotency key, as it does for a day. */
export const isRepeatedFailure = (error: unknown) =>
  error instanceof Stripe.errors.StripeAPIError && error.headers?.['idempotent-replayed'] === 'true'

/** Whether something else was asked before under the same idempotency key: https://docs.stripe.com/api/idempotent_requests */
export const isOtherQuestion = (error: unknown) =>
  error instanceof Stripe.errors.StripeIdempotencyError && error.code !== 'idempotency_key_in_use'

/** Whether Stripe has no such object, for this key. */
export const isMissing = (error: unknown) =>
  error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing'

/** Of an event's time, in seconds. The SDK alone takes any that lies ahead. */
const oldest = 300
const furthestAhead = 60

/** What is kept of an event. Stripe's IDs have at most 255 characters: https://docs.stripe.com/upgrades */
const StoredEvent = z.object({
  id: z.string().regex(/^evt_[!-~]{1,251}$/),
  type: z.string().regex(/^[!-~]{1,255}$/),
  livemode: z.boolean(),
  /** Seconds since 1970. */
  created: z.number().int().min(0).max(99_999_999_999),
  data: z.object({ object: z.record(z.string(), z.unknown()) }),
})

/**
 * The event that somebody has sent, if it is Stripe's and of now (https://docs.stripe.com/webhooks#verify-official-libraries).
 * One of Stripe's other form, which names no object ("thin", https://docs.stripe.com/event-destinations), is none: the endpoint
 * is not set up for it.
 * @param body exactly as it came
 * @param signature the header `Stripe-Signature`
 * @param at what time it is
 * @throws Unavailable where no secret is set
 */
export function verifiedEvent(body: Buffer, signature: string, at: Date): Stripe.Event | undefined {
  const { STRIPE_WEBHOOK_SECRET: secrets } = env()
  if (!secrets) throw new Unavailable('stripe', 3_600)
  const stamp = Number(/(?:^|,)t=(\d{1,12})(?:,|$)/.exec(signature)?.[1])
  if (!(stamp <= at.getTime() / 1_000 + furthestAhead)) return undefined
  for (const secret of secrets) {
    try {
      const event = Stripe.webhooks.constructEvent(body, signature, secret, oldest, undefined, at.getTime())
      if (StoredEvent.safeParse(event).success) return event
      log.warn('what Stripe has signed is no event that can be kept')
      return undefined
    } catch {
      // not signed with this one; or no JSON, whichever signed it
    }
  }
  return undefined
}
