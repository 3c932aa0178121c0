import { createHmac, randomInt } from 'node:crypto'
import type Stripe from 'stripe'
import type { Faults, WebhookFault } from './faults'
import { newId } from './ids'
import type { World } from './world'

interface Delivery {
  event: Stripe.EventBase
  endpoint: string
  attempt: number
}

/** One try to bring an event to an endpoint, and what came of it. */
export interface Attempt {
  event: string
  type: string
  endpoint: string
  at: number
  /** Null where nothing was answered. */
  status: number | null
}

/** As Stripe does in test mode: three times more over a few hours. */
const retryAfter = [10 * 60, 60 * 60, 3 * 60 * 60]
const atOnce = 16
/** Long, since on a busy machine many at once wait for each other (seen: 10 s were too short for 500 events). */
const patience = 30_000

/** `t=…,v1=…`: when it was sent, and that it was sent by one who knows the secret. */
export function signature(payload: string, secret: string, at: number): string {
  const signed = createHmac('sha256', secret).update(`${at}.${payload}`).digest('hex')
  return `t=${at},v1=${signed}`
}

/** Brings events to the webhook endpoints, with the faults that were asked for. */
export class Deliveries {
  readonly attempts: Attempt[] = []
  #queue: Delivery[] = []
  #gathered: Delivery[] = []
  #underWay = 0
  #idle: (() => void)[] = []

  constructor(
    readonly world: World,
    readonly faults: Faults,
  ) {}

  deliver = (event: Stripe.EventBase) => {
    const wants = ({ status, enabled_events: types }: Stripe.WebhookEndpoint) =>
      status === 'enabled' && (types.includes('*') || types.includes(event.type))
    const endpoints = this.world.tables.webhookEndpoints.all(wants)
    if (endpoints.length === 0) return
    const sent = this.world.tables.events.put({ ...event, pending_webhooks: endpoints.length })
    for (const { id } of endpoints) this.#withFaults({ event: sent, endpoint: id, attempt: 0 })
  }

  /** Sends an event once more, as the Dashboard can. */
  resend(id: string) {
    const event = this.world.tables.events.get(id)
    for (const endpoint of this.world.tables.webhookEndpoints.all(({ status }) => status === 'enabled')) {
      this.#send([{ event, endpoint: endpoint.id, attempt: retryAfter.length }])
    }
  }

  /** When nothing is on its way any more. What waits for the clock does not count. */
  settled = (): Promise<void> =>
    this.#underWay + this.#queue.length === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.#idle.push(resolve))

  /** Sends what was gathered to be reordered. */
  release() {
    this.#send(shuffled(this.#gathered.splice(0)))
  }

  #withFaults(delivery: Delivery) {
    const fault = this.faults.ofWebhook(delivery.event.type)
    if (!fault) return this.#send([delivery])
    this.#meet(fault, delivery)
  }

  #meet(fault: WebhookFault, delivery: Delivery) {
    if (fault.do === 'duplicate') this.#send(Array.from({ length: fault.count }, () => delivery))
    if (fault.do === 'delay') {
      const { time } = this.world
      time.plan(newId('delay'), time.now() + fault.seconds, () => this.#send([delivery]))
    }
    if (fault.do === 'reorder') {
      this.#gathered.push(delivery)
      if (this.#gathered.length >= fault.count) this.release()
    }
  }

  #send(deliveries: Delivery[]) {
    this.#queue.push(...deliveries)
    this.#pump()
  }

  #pump() {
    while (this.#underWay < atOnce) {
      const delivery = this.#queue.shift()
      if (!delivery) break
      this.#underWay += 1
      void this.#attempt(delivery).finally(() => {
        this.#underWay -= 1
        this.#pump()
        if (this.#underWay + this.#queue.length === 0) for (const tell of this.#idle.splice(0)) tell()
      })
    }
  }

  async #attempt(delivery: Delivery) {
    const { event, endpoint: id, attempt } = delivery
    const { webhookEndpoints, webhookSecrets, events } = this.world.tables
    const endpoint = webhookEndpoints.find(id)
    if (!endpoint) return
    // The receiver's clock moves with this one, also while the stand-in is living through a year.
    const at = this.world.time.clock()
    const status = await post(endpoint.url, JSON.stringify(event, null, 2), webhookSecrets.get(id).secret, at)
    this.attempts.push({ event: event.id, type: event.type, endpoint: id, at, status })
    const kept = events.get(event.id)
    if (status !== null && status >= 200 && status < 300) {
      events.put({ ...kept, pending_webhooks: Math.max(0, kept.pending_webhooks - 1) })
      return
    }
    const wait = retryAfter[attempt]
    if (wait === undefined) return
    const again = { ...delivery, attempt: attempt + 1 }
    const { time } = this.world
    time.plan(`deliver ${event.id} ${id}`, time.clock() + wait, () => this.#send([again]))
  }
}

/** @returns the status, null where none came. A redirect is not followed, as Stripe follows none. */
async function post(url: string, payload: string, secret: string, at: number): Promise<number | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      body: payload,
      redirect: 'manual',
      signal: AbortSignal.timeout(patience),
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': signature(payload, secret, at),
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      },
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    return null
  }
}

function shuffled<T>(values: T[]): T[] {
  const result = [...values]
  for (let at = result.length - 1; at > 0; at--) {
    const other = randomInt(at + 1)
    const [a, b] = [result[at], result[other]]
    if (a === undefined || b === undefined) continue
    result[at] = b
    result[other] = a
  }
  // As they came would be no other order.
  return result.length > 1 && result.every((value, at) => value === values[at]) ? result.reverse() : result
}
