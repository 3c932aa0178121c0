import { z } from 'zod'

const times = z.number().int().min(1).optional()

const onWebhook = z.strictObject({
  on: z.literal('webhook'),
  /** `invoice.paid`, `invoice.*`; every type when it is not said. */
  type: z.string().optional(),
  /** How often; for ever when it is not said. */
  times,
  do: z.enum(['drop', 'duplicate', 'delay', 'reorder']),
  /** How often a duplicate is sent in all, or how many are gathered before they go out in another order. */
  count: z.number().int().min(2).max(100).default(2),
  /** How long a delay is, by the stand-in's clock. */
  seconds: z.number().min(0).default(60),
})

const onApi = z.strictObject({
  on: z.literal('api'),
  method: z.enum(['GET', 'POST', 'DELETE']).optional(),
  /** How the path begins. */
  path: z.string().optional(),
  times,
  do: z.enum(['fail', 'slow', 'truncate', 'hang', 'refuse', 'change']),
  /** Of `fail`. */
  status: z.number().int().min(400).max(599).default(500),
  /** Of `fail`: whether what was asked for is done all the same. */
  effect: z.boolean().default(false),
  /** Of `fail` with 500: kept under the idempotency key, so that asking again has the same answer, as Stripe's own 500s. */
  kept: z.boolean().default(true),
  /** Of `fail` with 403: what a restricted key would need. */
  permission: z.string().optional(),
  /** Of `slow`. */
  milliseconds: z.number().min(0).max(60_000).default(1_000),
  /** Of `change`: what the answer says instead. */
  change: z.record(z.string(), z.unknown()).default({}),
})

export const Fault = z.discriminatedUnion('on', [onWebhook, onApi])
export type Fault = z.output<typeof Fault>
export type WebhookFault = z.output<typeof onWebhook>
export type ApiFault = z.output<typeof onApi>

/** What goes wrong on purpose. */
export class Faults {
  #faults: Fault[] = []

  add = (fault: Fault) => {
    this.#faults.push(fault)
  }

  clear = () => {
    this.#faults = []
  }

  all = (): readonly Fault[] => this.#faults

  /** The fault that an event meets, if any; it is used once more by this. */
  ofWebhook(type: string): WebhookFault | undefined {
    const found = this.#faults.find((fault) => fault.on === 'webhook' && fits(fault.type, type))
    return found?.on === 'webhook' ? this.#use(found) : undefined
  }

  ofApi(method: string, path: string): ApiFault | undefined {
    const found = this.#faults.find(
      (fault) =>
        fault.on === 'api' && (!fault.method || fault.method === method) && path.startsWith(fault.path ?? ''),
    )
    return found?.on === 'api' ? this.#use(found) : undefined
  }

  #use<T extends Fault>(fault: T): T {
    const left = fault.times === undefined ? undefined : fault.times - 1
    this.#faults = this.#faults.flatMap((one) =>
      one !== fault ? [one] : left === 0 ? [] : left === undefined ? [one] : [{ ...one, times: left }],
    )
    return fault
  }
}

const fits = (pattern: string | undefined, type: string) =>
  !pattern || pattern === type || (pattern.endsWith('*') && type.startsWith(pattern.slice(0, -1)))
