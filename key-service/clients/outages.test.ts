import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { phpPath } from '@/sandbox/php'
import { type Client, type Machine, phpClient, typescriptClient } from './test-clients'
import { TestPortal } from './test-portal'

const key = `gks1${'q'.repeat(32)}`
const minute = 60
const day = 86_400
const grace = 7 * day
const fiveMinutes = 5 * minute

/** What happens next to a GLPI: time passes, its clock is set, its machine starts anew, and what stands in the way. */
interface Step {
  passes: number
  /** To the end of the grace, give or take, where that lies ahead: that is where a mistake would show. */
  toTheEnd: number | null
  portal: 'answers' | 'network' | 'html_500' | 'unsigned_refusal'
  /** Where its clock stands, in seconds beside the truth; where the portal answers, anywhere. */
  clock: number
  farClock: number
  restarts: boolean
}

const portalStates = fc.constantFrom(
  ...(['answers', 'network', 'network', 'network', 'html_500', 'unsigned_refusal'] as const),
)

function steps(restarts: boolean, most: number): fc.Arbitrary<Step[]> {
  const spread = fiveMinutes
  const step = fc.record({
    passes: fc.oneof(fc.integer({ min: 1, max: 2 * day }), fc.integer({ min: 1, max: 2 * 3600 })),
    toTheEnd: fc.option(fc.constantFrom(-600, -301, -300, -1, 0, 299, 301, 320, 599, 601), { freq: 2 }),
    portal: portalStates,
    clock: fc.oneof(fc.constantFrom(-spread, 0, spread), fc.integer({ min: -spread, max: spread })),
    farClock: fc.integer({ min: -900 * day, max: 900 * day }),
    restarts: restarts ? fc.boolean() : fc.constant(false),
  })
  return fc.array(step, { minLength: 3, maxLength: most })
}

interface Given {
  client: Client
  steady: boolean
  /** For how long after the grace it may be entitled. */
  beyond: number
}

/** Lives through the steps, and says after each whether the client may work. */
async function live({ client, steady, beyond }: Given, portal: TestPortal, list: Step[]) {
  portal.time = 1_790_000_000
  portal.fault = null
  portal.addKey(key, { entitledUntil: null })
  let boots = 0
  const machine: Machine = { installationId: 'glpi', wall: 0, steady: null, stored: null, settings: {} }
  let base = 0
  const set = (offset: number) => {
    machine.wall = (portal.time + offset) * 1000
    machine.steady = steady ? { boot: `boot ${boots}`, ms: (portal.time - 1_780_000_000) * 1000 } : null
  }
  set(0)
  await client.call(portal, machine, 'activate', key)
  for (const step of list) {
    const contact = contactOf(portal)
    const end = contact + grace + (step.toTheEnd ?? 0)
    portal.time = step.toTheEnd !== null && end > portal.time ? end : portal.time + step.passes
    if (step.restarts) boots++
    portal.fault = step.portal === 'answers' ? null : step.portal
    // Its clock is set while the portal answers, and found out in the next check; then an outage begins.
    if (step.portal === 'answers') base = step.farClock
    set(base + step.clock)
    const asked = portal.calls.length
    const { state } = await client.call(portal, machine, step.portal === 'answers' ? 'checkNow' : 'check')
    // Where the portal was asked, the client has the time from it; from here on the clock is set by that much at most.
    if (portal.calls.length > asked && !portal.fault) base = base + step.clock
    const now = portal.time
    const last = contactOf(portal)
    const say = { now, last, since: now - last - grace, state }
    if (now < last + grace) expect(state.entitled, JSON.stringify(say)).toBe(true)
    if (now >= last + grace + beyond) expect(state.entitled, JSON.stringify(say)).toBe(false)
    expect(state.entitled === ['full', 'grace'].includes(state.mode)).toBe(true)
    expect(state.key?.code).toBe('ok')
  }
}

/** When the portal last handed out a lease. */
const contactOf = (portal: TestPortal) =>
  portal.calls.findLast(({ call }) => call.startsWith('POST'))?.at ?? 0

const clients: [string, Client, runs: number][] = []
const runs = process.env.STRESS ? 10_000 : 1_000
clients.push(['TypeScript', typescriptClient(), runs])
const php = phpPath()
if (php) clients.push(['PHP', phpClient(php), runs / 10])
afterAll(() => {
  for (const [, client] of clients) client.end()
})

/*
 * What can be told of a clock depends on whether the machine has another, and has not started anew meanwhile. Without,
 * nobody can keep to five minutes both ways: at the end of the grace a clock set forward by five minutes shows what one
 * set back by five shows ten minutes later. The first must be entitled, so the second is.
 */
const machines = [
  { machine: 'with a steady clock', steady: true, restarts: false, minutes: 5, why: '' },
  {
    machine: 'with restarts',
    steady: true,
    restarts: true,
    minutes: 10,
    why: ', since nobody can time these',
  },
  {
    machine: 'without a steady clock',
    steady: false,
    restarts: true,
    minutes: 10,
    why: ', since nobody can tell',
  },
]

for (const [name, client, runs] of clients) {
  for (const { machine, steady, restarts, minutes, why } of machines) {
    const numRuns = Math.ceil(runs / machines.length)
    test(
      `[B7] ${numRuns} lives of outages and set clocks ${machine}, in ${name}: never unentitled in the grace, nor entitled ${minutes} minutes beyond${why}`,
      async () => {
        const portal = new TestPortal()
        if (name === 'PHP') await portal.listen()
        const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
        console.info(`SEED=${seed}`)
        await fc.assert(
          fc.asyncProperty(steps(restarts, 20), async (list) => {
            portal.calls = []
            await live({ client, steady, beyond: minutes * minute }, portal, list)
          }),
          { numRuns, seed },
        )
        portal.close()
      },
      process.env.STRESS ? 3_600_000 : 300_000,
    )
  }
}

const hour = 60 * minute
/** How a clock is wrong, and when it is set: before the key is activated, or one time while the portal is away. */
const wrongClocks = [-day, -6 * minute, 6 * minute, day].flatMap((off) =>
  (['always', 'in the outage'] as const).flatMap((when) => [
    { off, when, steady: true },
    { off, when, steady: false },
  ]),
)

/** Without a steady clock, one that is set back once hides what it was set back by, or what passed since it was last read. */
function longest({ off, when, steady }: (typeof wrongClocks)[number]) {
  if (steady || when === 'always' || off > 0) return fiveMinutes
  return fiveMinutes + Math.min(-off, hour)
}

test.each(
  clients.flatMap(([name, client]) =>
    wrongClocks.map((wrong) => ({ ...wrong, name, client, longest: longest(wrong) })),
  ),
)(
  '[F6] a clock $off s off ($when; steady clock: $steady) lets no lease live longer than its grace and $longest s, in $name',
  async (given) => {
    const { client, off, when, steady } = given
    const portal = new TestPortal()
    if (given.name === 'PHP') await portal.listen()
    for (const flow of ['activate', 'refresh'] as const) {
      portal.addKey(key, { entitledUntil: null })
      portal.fault = null
      const machine: Machine = { installationId: 'glpi', wall: 0, steady: null, stored: null, settings: {} }
      const began = portal.time
      let clock = when === 'always' ? off : 0
      const pass = (seconds: number) => {
        portal.time += seconds
        machine.wall = (portal.time + clock) * 1000
        machine.steady = steady ? { boot: 'first', ms: (portal.time - began) * 1000 } : null
      }
      pass(0)
      await client.call(portal, machine, 'activate', key)
      pass(2 * day)
      if (flow === 'refresh') await client.call(portal, machine, 'checkNow')
      const issued = contactOf(portal)
      portal.fault = 'network'
      pass(3 * day)
      await client.call(portal, machine, 'check')
      if (when === 'in the outage') clock = off
      let last = 0
      while (portal.time < issued + grace + 2 * hour) {
        pass(portal.time > issued + grace - hour ? minute : hour)
        const { state } = await client.call(portal, machine, 'check')
        if (state.entitled) last = portal.time
      }
      expect(last - issued).toBeLessThan(grace + given.longest)
      if (when === 'always') expect(last - issued).toBeGreaterThanOrEqual(grace)
    }
    portal.close()
  },
)

/** What happens to the clock of a GLPI in an outage that outlives the grace; seconds. */
interface Turn {
  passes: number
  back: number
  forward: number
  /** Its steady clock stands still meanwhile, or begins anew. */
  sleeps: boolean
  restarts: boolean
}

const often = fc.constantFrom(0, 0, 0, 1)
const turns = fc.array(
  fc.record({
    passes: fc.oneof(fc.integer({ min: 60, max: 2 * day }), fc.constant(day), fc.constant(hour)),
    back: fc
      .tuple(often, fc.oneof(fc.integer({ min: 0, max: 3 * day }), fc.constant(day)))
      .map(([n, x]) => n * x),
    forward: fc
      .tuple(often, fc.oneof(fc.integer({ min: 0, max: 2 * day }), fc.constant(day)))
      .map(([n, x]) => n * x),
    sleeps: fc.boolean(),
    restarts: fc.boolean(),
  }),
  { minLength: 5, maxLength: 25 },
)

/** Lives through an outage, and hands over after each check how long the grace is over and what the client says. */
async function outlive(
  client: Client,
  portal: TestPortal,
  steady: 'none' | 'counts sleep' | 'stands still',
  list: readonly Turn[],
  see: (beyond: number, entitled: boolean, turn: Turn) => void,
) {
  Object.assign(portal, { time: 1_790_000_000, fault: null, calls: [] })
  portal.addKey(key, { entitledUntil: null })
  const began = portal.time
  let [off, ms, boots] = [0, 0, 0]
  const machine: Machine = { installationId: 'glpi', wall: 0, steady: null, stored: null, settings: {} }
  const set = () => {
    machine.wall = (portal.time + off) * 1000
    machine.steady = steady === 'none' ? null : { boot: `boot ${boots}`, ms }
  }
  set()
  await client.call(portal, machine, 'activate', key)
  portal.fault = 'network'
  for (const turn of list) {
    portal.time += turn.passes
    off += turn.forward - turn.back
    if (steady !== 'stands still' || !turn.sleeps) ms += turn.passes * 1000
    if (steady === 'stands still' && turn.restarts) boots++
    set()
    const { state } = await client.call(portal, machine, 'check')
    see(portal.time - began - grace, state.entitled, turn)
  }
}

/*
 * Set back by any amount, as often as one likes. A steady clock that counts sleep tells to the second. Where there is none,
 * where it stands still meanwhile, or the machine was started anew, nobody can tell a clock that was set back from less time
 * that passed: what can be kept to is that it hides no more than it was set back by, and gives nothing back that was seen.
 */
const steadies = ['none', 'counts sleep', 'stands still'] as const
test.each(
  clients.flatMap(([name, client, runs]) => steadies.map((steady) => ({ name, client, runs, steady }))),
)(
  '[F6] clocks that are set by days in an outage (steady clock: $steady) hide no more than they were set back by, and what has ended stays ended, in $name',
  async ({ name, client, runs, steady }) => {
    const portal = new TestPortal()
    if (name === 'PHP') await portal.listen()
    await fc.assert(
      fc.asyncProperty(turns, async (list) => {
        let [back, ended] = [0, false]
        await outlive(client, portal, steady, list, (beyond, entitled, turn) => {
          back += turn.back
          const hidden = { none: back, 'counts sleep': 0, 'stands still': back + fiveMinutes }[steady]
          if (beyond >= fiveMinutes + hidden) expect(entitled, JSON.stringify({ beyond, back })).toBe(false)
          if (ended) expect(entitled, 'once more').toBe(false)
          ended = !entitled
        })
      }),
      { numRuns: Math.ceil(runs / 5) },
    )
    portal.close()
  },
)

test.each(
  clients.flatMap(([name, client, runs]) => [hour, day].map((cron) => ({ name, client, runs, cron }))),
)(
  '[F6] without a steady clock, one that is set back once hides two pauses of $cron s between the checks at the most, in $name',
  async ({ name, client, runs, cron }) => {
    const portal = new TestPortal()
    if (name === 'PHP') await portal.listen()
    const still = { forward: 0, sleeps: false, restarts: false }
    const once = fc.record({
      at: fc.integer({ min: 0, max: (6 * day) / cron }),
      back: fc.oneof(
        fc.integer({ min: fiveMinutes, max: 8 * day }),
        fc.integer({ min: fiveMinutes, max: 2 * cron }),
      ),
      pauses: fc.array(fc.integer({ min: cron / 2, max: cron }), {
        minLength: 12 * (day / cron),
        maxLength: 12 * (day / cron),
      }),
    })
    await fc.assert(
      fc.asyncProperty(once, async ({ at, back, pauses }) => {
        const list = pauses.map((passes, index) => ({ ...still, passes, back: index === at ? back : 0 }))
        const hidden = Math.min(back, 2 * cron + 2 * fiveMinutes)
        await outlive(client, portal, 'none', list, (beyond, entitled) => {
          if (beyond >= fiveMinutes + hidden) expect(entitled, JSON.stringify({ beyond })).toBe(false)
        })
      }),
      { numRuns: Math.ceil(runs / (cron === hour ? 50 : 5)) },
    )
    portal.close()
  },
)
