import Stripe from 'stripe'
import { afterAll } from 'vitest'
import { startStripe } from '@/sandbox/stripe/server'

/** The stand-in on a free port, and the official SDK that talks to it. Its time is the tests' own. */
export async function stripeForTests() {
  let moment = Date.parse('2027-03-12T09:00:00Z')
  const standIn = await startStripe({ now: () => new Date(moment) })
  afterAll(standIn.stop)
  const sdk = (options: Stripe.StripeConfig = {}, key = 'sk_test_latchkey') =>
    new Stripe(key, {
      host: '127.0.0.1',
      port: standIn.port,
      protocol: 'http',
      maxNetworkRetries: 0,
      ...options,
    })
  return {
    ...standIn,
    sdk,
    stripe: sdk(),
    now: () => Math.floor(moment / 1000),
    /** Moves the clock, without doing yet what is due. */
    setTime: (to: Date) => {
      moment = to.getTime()
    },
  }
}

/** What the SDK throws, for `toMatchObject`. */
export async function refusal(
  asked: Promise<unknown>,
): Promise<InstanceType<typeof Stripe.errors.StripeError>> {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof Stripe.errors.StripeError) return error
  throw new Error('It was not refused', { cause: error })
}

/** What a person does on a page: sends its form. @returns where they are sent, or what the page says */
export async function submit(url: string, fields: Record<string, string>) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' })
  return { status: response.status, location: response.headers.get('location'), text: await response.text() }
}

/** What was expanded, as the whole that it is. */
export function whole<T extends object>(expanded: string | T | null | undefined): T {
  if (typeof expanded === 'object' && expanded !== null) return expanded
  throw new Error('It was not expanded')
}
