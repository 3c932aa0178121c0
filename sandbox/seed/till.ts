import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { closePool, openPoolAt } from '@/db/client'
import { now } from '@/lib/clock'
import { env } from '@/lib/env'
import { receiveEvent } from '@/lib/payments/receive-event'
import { workDue } from '@/lib/payments/work-events'

/** Stripe's stand-in while a past is told, and the portal that hears from it. */
export interface Till {
  /** Brings the stand-in's time to this process's, lets happen what is due until then, and works on what it tells. */
  live(): Promise<void>
  /** Pays on Stripe's page, or gives a means of payment there. */
  pay(url: string, by: Record<string, string>): Promise<void>
  /** What is paid by debit is on its way for so many seconds at least. */
  debitsTake(seconds: number): Promise<void>
  /** Brings it to today, where it stays. */
  comeHome(): Promise<void>
  close(): Promise<void>
}

/**
 * Takes the stand-in to a day in the past, since its time goes forward only.
 * @returns undefined where there is none: then nobody has paid
 */
export async function openTill(since: Date): Promise<Till | undefined> {
  const { SANDBOX_STRIPE_URL: stripe, SANDBOX_CLOCK_FILE: clockFile, PUBLIC_URL } = env()
  if (!stripe || !clockFile || !(await answers(stripe))) return undefined
  const ask = (path: string, body: object) =>
    posted(`${stripe}/_sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) })
  const moveTo = async (moment: Date) => {
    await ask('clock', { to: Math.ceil(moment.getTime() / 1_000) })
    await work(ask)
  }
  const receiver = await startReceiver(new URL(PUBLIC_URL))
  writeFileSync(clockFile, String(since.getTime() - Date.now()))
  const toToday = () => rmSync(clockFile, { force: true })
  return {
    live: () => moveTo(now()),
    async pay(url, by) {
      await posted(url, { method: 'POST', body: new URLSearchParams(by), redirect: 'manual' })
      await work(ask)
    },
    debitsTake: (seconds) => ask('settings', { debitsTake: seconds }),
    async comeHome() {
      await ask('clock', { to: Math.ceil(Date.now() / 1_000) })
      toToday()
      await work(ask)
    },
    async close() {
      toToday()
      receiver.close()
      receiver.closeAllConnections()
      await once(receiver, 'close')
    },
  }
}

async function answers(stripe: string): Promise<boolean> {
  return fetch(`${stripe}/_sandbox/clock`).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function posted(url: string, asked: RequestInit) {
  const response = await fetch(url, asked)
  if (response.status >= 400) throw new Error(`${url} answers: ${await response.text()}`)
}

/** Where the portal will listen, which does not yet: Stripe has one address for what it tells. */
async function startReceiver({ port }: URL) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const signature = String(request.headers['stripe-signature'] ?? '')
    const received = await receiveEvent(Buffer.concat(chunks), signature).catch(() => false)
    response.writeHead(received ? 200 : 400).end()
  })
  server.listen(Number(port), 'localhost')
  await once(server, 'listening')
  return server
}

/** As the worker does, which has a role of its own. */
async function work(ask: (path: string, body: object) => Promise<void>) {
  const { WORKER_DATABASE_URL } = env()
  if (!WORKER_DATABASE_URL) throw new Error('WORKER_DATABASE_URL is missing')
  let more = true
  while (more) {
    await ask('webhooks/settled', {})
    await closePool()
    openPoolAt(WORKER_DATABASE_URL)
    more = (await workDue()) > 0
    // The next who asks opens the portal's again.
    await closePool()
  }
}
