import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { and, eq } from 'drizzle-orm'
import pg from 'pg'
import Stripe from 'stripe'
import type { Call } from '@/bench/call-load'
import type { Loaded } from '@/bench/load'
import { type Effort, loadInItsProcess, median, quantile, rate, wrongIn } from '@/bench/measure'
import { buildBare, startBare } from '@/bench/product'
import { products } from '@/db/schema/catalog'
import { prices } from '@/db/schema/payments'
import { withoutScope } from '@/db/scope'
import { addInstance } from '@/lib/instances/add'
import { addMember, createOrganization } from '@/lib/organizations/create'
import { beginCheckout } from '@/lib/payments/begin-checkout'
import { openSession } from '@/lib/payments/open-session'
import { startSubscription } from '@/lib/subscriptions/start'
import { newSecrets, webhookSecret } from '@/sandbox/environment'
import { type Portal, startPortal } from '@/sandbox/portal'
import { freePort } from '@/sandbox/ports'
import { postgresHome } from '@/sandbox/postgres-home'
import { buildWhenStale } from '@/scripts/build'

/*
 * How fast money becomes a key: how many events of Stripe are taken, beside a bare Next route that checks the signature and
 * writes the same row; and how soon a payment's effect is there. On a portal of its own, with the stand-in for Stripe.
 */
const payments = 100

/** @returns what was wrong */
export async function measurePayments(effort: Effort, print: (line: string) => void): Promise<string[]> {
  await buildWhenStale(print)
  await buildBare(print)
  const home = path.join(postgresHome(), 'bench-payments')
  rmSync(home, { recursive: true, force: true })
  const portal = await startPortal({
    home,
    port: await freePort(),
    mailPort: await freePort(),
    secrets: newSecrets(),
    size: 'small',
    print,
  })
  try {
    Object.assign(process.env, portal.env)
    return [...(await measureWebhook(portal, effort, print)), ...(await measureEffect(portal, print))]
  } finally {
    await portal.stop()
    rmSync(home, { recursive: true, force: true })
  }
}

async function measureWebhook(
  { publicUrl, env }: Portal,
  { rounds, seconds }: Effort,
  print: (line: string) => void,
) {
  const barePort = await freePort()
  const bare = startBare(barePort, { ...process.env, ...env }, print)
  await bare.ready
  const found = new Map<string, Loaded[]>()
  try {
    const targets = [
      { name: 'webhook', url: publicUrl, path: '/api/stripe/webhook' },
      { name: 'webhook, bare', url: `http://127.0.0.1:${barePort}`, path: '/webhook' },
    ]
    for (let round = 0; round <= rounds; round++)
      for (const { name, url, path } of targets)
        for (const connections of [16, 64]) {
          // More than there is time for, so that none comes twice.
          const calls = Array.from({ length: seconds * 3_000 }, () => signedEvent(path))
          const load = { url, calls, connections, seconds, expected: '' }
          const loaded = await loadInItsProcess('call-load.ts', load)
          const kept = found.get(`${name} ${connections}`) ?? []
          // the first round warms up
          if (round > 0) found.set(`${name} ${connections}`, [...kept, loaded])
        }
  } finally {
    await bare.stop()
  }
  print('')
  print(`${'events of Stripe'.padEnd(24)}req/s  median ms  p99 ms  of bare`)
  for (const [name, samples] of found) {
    const beside = found.get(name.replace('webhook ', 'webhook, bare '))
    const latencies = samples.flatMap((sample) => sample.latencies)
    const ratio = median(samples.map((one, round) => rate(one) / rate(beside?.[round] ?? one)))
    const figures = [
      median(samples.map(rate)).toFixed(0).padStart(5),
      median(latencies).toFixed(2).padStart(11),
      quantile(latencies, 0.99).toFixed(2).padStart(8),
      name.includes('bare') ? '' : ratio.toFixed(2).padStart(9),
    ]
    print(`${name.padEnd(24)}${figures.join('')}`)
  }
  print('Aims: of bare at least 0.80, at least 1,000 a second.')
  return wrongIn(found)
}

/** As long as Stripe's are, about something that brings nothing. */
function signedEvent(path: string): Call {
  const id = randomUUID().replaceAll('-', '')
  const created = Math.floor(Date.now() / 1_000)
  const object = { id: `pi_${id}`, object: 'payment_intent', description: 'x'.repeat(1_500) }
  const event = { id: `evt_${id}`, object: 'event', type: 'payment_intent.created', livemode: false, created }
  const body = JSON.stringify({ ...event, data: { object } })
  const signature = Stripe.webhooks.generateTestHeaderString({ payload: body, secret: webhookSecret })
  const headers = { 'Content-Type': 'application/json', 'Stripe-Signature': signature }
  return { method: 'POST', path, headers, body }
}

/** From the answer of Stripe's page to the new key. */
async function measureEffect({ postgres }: Portal, print: (line: string) => void): Promise<string[]> {
  const took: number[] = []
  const database = new pg.Client({ connectionString: postgres.url('latchkey', 'postgres') })
  await database.connect()
  try {
    const isPaid = async (checkoutId: string) => {
      const { rows } = await database.query(`select from checkouts where id = $1 and ended = 'paid'`, [
        checkoutId,
      ])
      return rows.length === 1
    }
    for await (const { checkoutId, url } of openCheckouts()) {
      await payOn(url)
      const paid = performance.now()
      while (!(await isPaid(checkoutId))) {
        if (performance.now() > paid + 60_000) return [`a payment: without an effect for a minute`]
        await wait(5)
      }
      took.push(performance.now() - paid)
    }
  } finally {
    await database.end()
  }
  print(
    `A payment's effect is there after ${median(took).toFixed(0)} ms (median), ${quantile(took, 0.99).toFixed(0)} ms (p99 of ${took.length}). Aim: 1,000 ms.`,
  )
  return []
}

export interface Priced {
  id: string
  amount: number
  currency: string
}

/** Something that is sold for a year. */
export async function pricedProduct(): Promise<Priced> {
  const [product] = await withoutScope((tx) =>
    tx
      .select({ id: products.id, amount: prices.amount, currency: prices.currency })
      .from(prices)
      .innerJoin(products, eq(products.id, prices.productId))
      .where(and(eq(prices.binding, 'url'), eq(prices.currency, 'eur'), eq(prices.months, 12))),
  )
  if (!product) throw new Error('the catalog has nothing to be paid for')
  return product
}

/** Checkouts of one subscription each, all of one organization, as its owner opens them. */
async function* openCheckouts() {
  const system = () => ({ actor: { kind: 'system' as const }, idempotencyKey: randomUUID() })
  const organization = { name: 'Bench', slug: 'bench', timeZone: 'Europe/Paris' }
  const { organizationId } = await createOrganization(system(), organization)
  const owner = { email: 'owner@bench.example', role: 'owner' as const }
  const { personId } = await addMember({ ...system(), organizationId }, owner)
  const product = await pricedProduct()
  for (let made = 0; made < payments; made++) {
    const label = `GLPI ${made}`
    const { instanceId } = await addInstance(
      { ...system(), organizationId },
      { label, url: `https://glpi-${made}.bench.example`, environment: 'production' },
    )
    const { subscriptionId } = await startSubscription(
      { ...system(), organizationId },
      { productId: product.id, instanceId },
    )
    const by = { actor: { kind: 'member' as const, personId }, organizationId, idempotencyKey: randomUUID() }
    const { checkoutId } = await beginCheckout(by, {
      subscriptionIds: [subscriptionId],
      shown: product.amount,
      currency: product.currency,
    })
    const { url } = await openSession(by, checkoutId)
    yield { checkoutId, url }
  }
}

/** Pays by a card, or leaves it there for later, on the stand-in's page. */
export async function payOn(url: string) {
  const buyer = {
    email: 'owner@bench.example',
    name: 'Bench',
    line1: '1 rue X',
    postal_code: '69001',
    city: 'Lyon',
  }
  const card = { country: 'fr', method: 'card', card: '4242 4242 4242 4242' }
  const body = new URLSearchParams({ ...buyer, ...card })
  const { status } = await fetch(url, { method: 'POST', body, redirect: 'manual' })
  if (status !== 303) throw new Error(`the stand-in answered a payment with ${status}`)
}
