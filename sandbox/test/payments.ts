import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeEach } from 'vitest'
import { closePool, openPoolAt } from '@/db/client'
import { setClock } from '@/lib/clock'
import { env } from '@/lib/env'
import { receiveEvent } from '@/lib/payments/receive-event'
import { workDue } from '@/lib/payments/work-events'
import { stripeForTests, submit } from '@/sandbox/test/stripe'

const secret = 'whsec_tests'

/** What somebody types on Stripe's page. */
export const buyer = {
  email: 'ada@acme.example',
  name: 'Acme SAS',
  line1: '1 rue X',
  postal_code: '69001',
  city: 'Lyon',
  country: 'fr',
}

/** The worker has a role of its own, and the portal's may not work on events. */
export async function asWorker<T>(work: () => Promise<T>): Promise<T> {
  const { WORKER_DATABASE_URL } = env()
  if (!WORKER_DATABASE_URL) throw new Error('productDatabase() comes first')
  await closePool()
  openPoolAt(WORKER_DATABASE_URL)
  try {
    return await work()
  } finally {
    // The next who asks opens the portal's again.
    await closePool()
  }
}

/**
 * Stripe's stand-in, whose events reach the product as they do in production: signed, over HTTP, into the queue. The product's
 * clock is the stand-in's. Called at a file's top, before `productDatabase(payments.env)`.
 */
export async function paymentsForTests() {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const signature = String(request.headers['stripe-signature'] ?? '')
    const received = await receiveEvent(Buffer.concat(chunks), signature).catch(() => undefined)
    response.writeHead(received === undefined ? 503 : received ? 200 : 400).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterAll(() => server.close())
  // Listening on a port, so its address is no path.
  const { port } = server.address() as AddressInfo
  const standIn = await stripeForTests({ endpoints: [{ url: `http://127.0.0.1:${port}/`, secret }] })
  beforeEach(() => setClock(() => new Date(standIn.now() * 1_000)))
  afterEach(() => setClock(undefined))
  return {
    ...standIn,
    env: {
      STRIPE_SECRET_KEY: 'sk_test_latchkey',
      STRIPE_WEBHOOK_SECRET: secret,
      SANDBOX_STRIPE_URL: standIn.url,
    },
    /** Pays on Stripe's page, by a card unless said. @returns what the page answered */
    pay: (url: string, by: Record<string, string> = { method: 'card', card: '4242 4242 4242 4242' }) =>
      submit(url, { ...buyer, ...by }),
    /** Waits until what Stripe tells has arrived and was worked on. @returns how many events that were */
    work: async () => {
      await standIn.settled()
      return asWorker(async () => {
        let worked = 0
        for (let more = await workDue(); more > 0; more = await workDue()) worked += more
        return worked
      })
    },
  }
}
