import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Stripe from 'stripe'
import { afterAll } from 'vitest'
import { startStripe } from '@/sandbox/stripe/server'

/** The stand-in on a free port, and the official SDK that talks to it. Its time is the tests' own. */
export async function stripeForTests(options: { endpoints?: { url: string; secret: string }[] } = {}) {
  let moment = Date.parse('2027-03-12T09:00:00Z')
  const standIn = await startStripe({ now: () => new Date(moment), ...options })
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
    /** Moves the clock, does what is due, and waits until its webhooks are answered. */
    moveTo: (to: Date) => {
      moment = to.getTime()
      return standIn.moveTo(to)
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

/** One who receives webhooks, and checks each as the product will. */
export async function webhookReceiver(stripe: Stripe, secret: string) {
  const received: Stripe.Event[] = []
  const answers: number[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const signed = request.headers['stripe-signature'] ?? ''
    try {
      // The stand-in's time is the tests' own, so that any age is as good as another.
      const tolerance = Number.MAX_SAFE_INTEGER
      received.push(stripe.webhooks.constructEvent(Buffer.concat(chunks), signed, secret, tolerance))
      response.writeHead(answers.shift() ?? 200).end()
    } catch {
      response.writeHead(400).end()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => server.close())
  // Listening on a port, so its address is no path.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/api/stripe/webhook`,
    received,
    /** What it answers next, one after the other; then 200. */
    answer: (...statuses: number[]) => answers.push(...statuses),
  }
}
