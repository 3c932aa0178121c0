import { parseArgs } from 'node:util'
import { eventSubjects } from '@/lib/payments/rules'
import { startStripe } from '@/sandbox/stripe/server'

// A process of its own for the demo and the browser tests. Its clock is the demo's, where SANDBOX_CLOCK_FILE names it.

const usage =
  'Usage: stripe-server --port 4001 [--webhook http://127.0.0.1:3000/api/stripe/webhook --secret whsec_…] [--each-day URL]'

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    webhook: { type: 'string' },
    secret: { type: 'string' },
    'each-day': { type: 'string' },
  },
})
const { port, webhook, secret } = values
if (!port || (webhook && !secret)) throw new Error(usage)

// As docs/stripe.md says that it is set up: of each payment Stripe tells three times as much.
const events = Object.keys(eventSubjects)
const endpoints = webhook && secret ? [{ url: webhook, secret, events }] : []
const daily = values['each-day']
const eachDay = daily
  ? async (now: Date) => {
      const response = await fetch(daily, { method: 'POST', body: now.toISOString() })
      if (!response.ok) throw new Error(`The portal could not live through the day. ${await response.text()}`)
    }
  : undefined
const { url } = await startStripe({ port: Number(port), endpoints, eachDay })
process.stdout.write(`Stripe is played at ${url}\n`)
