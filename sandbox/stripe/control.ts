import { z } from 'zod'
import { type Answer, failed, json } from './answer'
import type { Api, Asked } from './api'
import type { Clock } from './clock'
import type { Deliveries } from './deliveries'
import { openDispute } from './disputes'
import { invalid } from './failure'
import { Fault, type Faults } from './faults'

export interface StandIn {
  api: Api
  faults: Faults
  deliveries: Deliveries
  clock: Clock
  /** Lets whoever shares the clock live through the day that has begun. */
  eachDay?: ((now: Date) => Promise<void>) | undefined
  /** Where it is going, in seconds, while a person has sent it there; and what went wrong with that. */
  travel?: { to: number; failed?: string } | undefined
}

export const daySeconds = 24 * 60 * 60

/**
 * Lives on until `to`, and waits until what was sent meanwhile has been answered.
 * @param step stops after so many seconds, and at each thing that is due, so that whoever shares the clock lives through
 * the time as well; without it, it is one jump
 */
export async function live({ api, clock, deliveries, eachDay }: StandIn, to: number, step?: number) {
  const { time } = api.world
  const dayOf = (at: number) => Math.floor(at / daySeconds)
  time.run()
  do {
    const from = time.clock()
    const next = step ? Math.min(to, from + step, time.next() ?? to) : to
    if (next > from) clock.moveTo(new Date(next * 1000))
    else if (to < from) throw invalid('The clock moves forward only.', 'to')
    time.run()
    await deliveries.settled()
    // Also at the end, so that nobody who watches was last seen the day before.
    if (step && (dayOf(next) > dayOf(from) || next === to || isDrafted(api))) await eachDay?.(clock.now())
  } while (time.clock() < to)
}

/** Whether an invoice is about to be made final: whoever is to change it has the hour until then, of the clock that runs away. */
const isDrafted = ({ world }: Api) =>
  world.tables.invoices.all(
    ({ status, automatically_finalizes_at: when }) => status === 'draft' && (when ?? 0) > world.time.clock(),
  ).length > 0

const Move = z.union([
  z.strictObject({ to: z.number().int(), step: z.number().int().min(60).optional() }),
  z.strictObject({ by: z.number().int().min(0), step: z.number().int().min(60).optional() }),
])
const Dispute = z.strictObject({ charge: z.string(), reason: z.string().default('fraudulent') })
const Settings = z.strictObject({ debitsTake: z.number().int().min(0) })
const Resend = z.strictObject({ event: z.string() })

/** What tests and the demo ask of the stand-in itself, in JSON. It is no part of Stripe. */
export async function answerControl(standIn: StandIn, asked: Asked): Promise<Answer> {
  try {
    const found = controls[`${asked.method} ${asked.path}`]
    if (!found) return json(404, { error: { message: `There is no ${asked.method} ${asked.path}` } })
    return json(200, (await found(standIn, asked.body ? JSON.parse(asked.body) : {})) ?? {})
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError)
      return json(400, { error: { message: error.message } })
    return failed(error)
  }
}

type Control = (standIn: StandIn, body: unknown) => unknown

const clockOf = ({ api: { world } }: StandIn) => ({
  now: world.time.clock(),
  next: world.time.next() ?? null,
})

const controls: Record<string, Control> = {
  'GET /_sandbox/faults': ({ faults }) => ({ faults: faults.all() }),
  'POST /_sandbox/faults': ({ faults }, body) => faults.add(Fault.parse(body)),
  'DELETE /_sandbox/faults': ({ faults, deliveries }) => {
    faults.clear()
    deliveries.release()
  },
  'POST /_sandbox/webhooks/release': ({ deliveries }) => deliveries.release(),
  'POST /_sandbox/webhooks/resend': ({ deliveries }, body) => deliveries.resend(Resend.parse(body).event),
  'POST /_sandbox/webhooks/settled': ({ deliveries }) => deliveries.settled(),
  'GET /_sandbox/webhooks': ({ deliveries }) => ({ attempts: deliveries.attempts.slice(-1000) }),
  'GET /_sandbox/clock': (standIn) => clockOf(standIn),
  'POST /_sandbox/clock': async (standIn, body) => {
    const move = Move.parse(body)
    await live(standIn, 'to' in move ? move.to : standIn.api.world.time.clock() + move.by, move.step)
    return clockOf(standIn)
  },
  'POST /_sandbox/settings': ({ api: { world } }, body) => {
    Object.assign(world.settings, Settings.parse(body))
  },
  'POST /_sandbox/disputes': ({ api: { world } }, body) => {
    const { charge, reason } = Dispute.parse(body)
    return openDispute(world, world.tables.charges.get(charge), reason)
  },
}
