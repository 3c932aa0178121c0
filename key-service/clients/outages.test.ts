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

/** @param spread how far a clock is set during an outage, in seconds, either way. */
function steps(spread: number, steady: boolean, most: number): fc.Arbitrary<Step[]> {
  const step = fc.record({
    passes: fc.oneof(fc.integer({ min: 1, max: 2 * day }), fc.integer({ min: 1, max: 2 * 3600 })),
    toTheEnd: fc.option(fc.constantFrom(-600, -301, -151, -150, -1, 0, 299, 301, 320, 451, 600), { freq: 2 }),
    portal: portalStates,
    clock: fc.oneof(fc.constantFrom(-spread, 0, spread), fc.integer({ min: -spread, max: spread })),
    // Without a steady clock, a clock that was set forward looks like time that has passed.
    farClock: steady ? fc.integer({ min: -900 * day, max: 900 * day }) : fc.constant(0),
    restarts: steady ? fc.constant(false) : fc.boolean(),
  })
  return fc.array(step, { minLength: 3, maxLength: most })
}

/** Lives through the steps, and says after each whether the client may work. */
async function live(client: Client, portal: TestPortal, list: Step[], steady: boolean) {
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
    if (now > last + grace + fiveMinutes) expect(state.entitled, JSON.stringify(say)).toBe(false)
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

test.each(
  clients.flatMap(([name, client, runs]) => [
    // What can be told of a clock depends on whether the machine has another one: without it, five minutes in all.
    { name, client, runs: runs / 2, steady: true, spread: fiveMinutes },
    { name, client, runs: runs / 2, steady: false, spread: fiveMinutes / 2 },
  ]),
)(
  '[B7] $runs lives of outages and clocks that are set, in $name, steady clock: $steady',
  async (given) => {
    const { client, steady, spread } = given
    const portal = new TestPortal()
    if (given.name === 'PHP') await portal.listen()
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
    console.info(`SEED=${seed}`)
    await fc.assert(
      fc.asyncProperty(steps(spread, steady, 20), async (list) => {
        portal.calls = []
        await live(client, portal, list, steady)
      }),
      { numRuns: given.runs, seed },
    )
    portal.close()
  },
  process.env.STRESS ? 3_600_000 : 300_000,
)
