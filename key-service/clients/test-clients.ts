import { spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { TestPortal } from './test-portal'
import { Latchkey } from './typescript/latchkey'
import type { State } from './typescript/lease'

/** A machine on which a client runs: its clocks and its storage, which a test reads and changes. */
export interface Machine {
  installationId: string
  /** What its clock says, in milliseconds. */
  wall: number
  /** What its steady clock says; null: it has none. */
  steady: { boot: string; ms: number } | null
  stored: string | null
  /** What another process writes between the first reading and the saving of the next call. */
  meanwhile?: string | null | undefined
  /** Other than the portal's own. */
  settings: Record<string, unknown>
}

/** The verbs that both clients have, by their names. */
export type Verb = 'activate' | 'check' | 'checkNow' | 'state' | 'giveBack' | 'useOfflineFile'
export type Answered = { state: State; freesAt?: number | null; refused?: string | null }

export interface Client {
  call(portal: TestPortal, machine: Machine, verb: Verb, ...texts: string[]): Promise<Answered>
  end(): void
}

function settingsOf(portal: TestPortal, machine: Machine) {
  return {
    portal: portal.issuer,
    service: portal.address,
    rootPublicKey: portal.rootPublicKey,
    product: 'formspro',
    productVersion: '3.2.0',
    glpiVersion: '11.0.2',
    installationId: machine.installationId,
    ...machine.settings,
  }
}

/** Where the portal does not listen, it is asked without a network in between. */
export function typescriptClient(): Client {
  return {
    call: async (portal, machine, verb, ...texts) => {
      const client = new Latchkey({
        ...settingsOf(portal, machine),
        fetch: portal.address ? fetch : portal.fetch,
        clock: { now: () => machine.wall, steady: () => machine.steady },
        storage: {
          load: async () => {
            const found = machine.stored
            machine.stored = machine.meanwhile ?? found
            machine.meanwhile = undefined
            return found
          },
          save: async (text) => {
            machine.stored = text
          },
        },
      })
      const [first = '', second] = texts
      // biome-ignore lint/correctness/useHookAtTopLevel: no hook of React, for all its name.
      if (verb === 'useOfflineFile') return client.useOfflineFile(first, second)
      if (verb === 'giveBack') return client.giveBack()
      if (verb === 'activate') return { state: await client.activate(first) }
      if (verb === 'state') return { state: await client.state() }
      return { state: await client.check({ now: verb === 'checkNow' }) }
    },
    end: () => {},
  }
}

/** One process that runs the PHP client, line by line: a call in, its answer out. */
export function phpClient(php: string): Client {
  const driver = path.join(import.meta.dirname, 'php/driver-for-tests.php')
  const start = () => {
    // To PHP, a pipe of Node's is a socket, which it gives up after a minute of silence.
    const flags = ['-d', 'display_errors=stderr', '-d', 'default_socket_timeout=-1']
    const { stdin, stdout } = spawn(php, [...flags, driver], { stdio: ['pipe', 'pipe', 'inherit'] })
    return { stdin, lines: createInterface({ input: stdout })[Symbol.asyncIterator]() }
  }
  let running: ReturnType<typeof start> | undefined
  return {
    call: async (portal, machine, verb, ...texts) => {
      running ??= start()
      const { stdin, lines } = running
      const { wall, steady, stored, meanwhile } = machine
      machine.meanwhile = undefined
      const settings = settingsOf(portal, machine)
      // Half a pair of UTF-16 stands for what can be in PHP alone: bytes that are no UTF-8.
      const bytes = texts.map((text) => Buffer.from(text, text.isWellFormed() ? 'utf8' : 'latin1'))
      const given = { settings, wall, steady, stored, meanwhile, verb }
      stdin.write(`${JSON.stringify({ ...given, texts: bytes.map((text) => text.toString('base64')) })}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('the PHP client has ended')
      const answer = JSON.parse(value)
      machine.stored = answer.stored
      return answer.answered
    },
    end: () => running?.stdin.end(),
  }
}
