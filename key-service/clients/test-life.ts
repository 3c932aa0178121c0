import { afterAll, afterEach, describe } from 'vitest'
import { type Client, type Machine, phpClient, typescriptClient, type Verb } from './test-clients'
import { TestPortal } from './test-portal'

export const hour = 3600
export const day = 24 * hour
export const key = `gks1${'q'.repeat(32)}`
export const otherKey = `gks1${'p'.repeat(32)}`

/** Has the tests of a file run with each of the two clients; where the machine has no PHP, with one. */
export function describeClients(php: string | null, tests: (client: Client) => void) {
  const clients: [string, Client][] = [['TypeScript', typescriptClient()]]
  if (php) clients.push(['PHP', phpClient(php)])
  afterEach(() => {
    for (const portal of portals.splice(0)) portal.close()
  })
  afterAll(() => {
    for (const [, client] of clients) client.end()
  })
  describe.each(clients)('the %s client', (_, client) => tests(client))
}

const portals: TestPortal[] = []

/** A GLPI with nothing kept, and a portal that has sold `key`. */
export async function begin(client: Client, settings: Record<string, unknown> = {}) {
  const portal = new TestPortal()
  portals.push(portal)
  await portal.listen()
  portal.addKey(key)
  const machine: Machine = {
    installationId: 'glpi-1',
    wall: portal.time * 1000,
    steady: { boot: 'first', ms: 5_000 },
    stored: null,
    settings,
  }
  const pass = (seconds: number) => {
    portal.time += seconds
    machine.wall += seconds * 1000
    if (machine.steady) machine.steady.ms += seconds * 1000
  }
  const call = (verb: Verb, ...texts: string[]) => client.call(portal, machine, verb, ...texts)
  const state = async (verb: Verb = 'state', ...texts: string[]) => (await call(verb, ...texts)).state
  /** As GLPI's cron does. */
  const live = async (days: number) => {
    for (let hours = 0; hours < days * 24; hours++) {
      pass(hour)
      await call('check')
    }
    return state()
  }
  return { portal, machine, pass, call, state, live, start: portal.time }
}
