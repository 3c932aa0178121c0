import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import {
  type Client,
  type Machine,
  phpClient,
  typescriptClient,
  type Verb,
} from '@/key-service/clients/test-clients'
import { TestPortal } from '@/key-service/clients/test-portal'
import { phpPath } from '@/sandbox/php'
import { productDatabase } from '@/sandbox/test/fixture'
import { startKeyService } from '@/sandbox/test/key-service'
import { makeCustomer } from '@/sandbox/test/sold'

export const hour = 3600
export const day = 24 * hour

/** The real key service, whose clock a test moves, and the clients that call it: both, where the machine has PHP. */
export async function realPortal() {
  const clockFile = path.join(tmpdir(), `latchkey-clock-${process.pid}`)
  writeFileSync(clockFile, '0')
  afterAll(() => rmSync(clockFile))
  const database = await productDatabase()
  const service = await startKeyService(database, { SANDBOX_CLOCK_FILE: clockFile })
  const fixture = await makeCustomer('acme')

  const begin = (client: Client, url: string | undefined) => beginAt(service.url, clockFile, client, url)
  return { database, service, fixture, clients: bothClients(), begin }
}

/** A GLPI with nothing kept. */
async function beginAt(address: string, clockFile: string, client: Client, url: string | undefined) {
  const portal = new TestPortal()
  portal.address = address
  const began = Math.floor(Date.now() / 1000)
  let passed = 0
  const machine: Machine = {
    installationId: `glpi-${Math.random()}`,
    wall: began * 1000,
    steady: { boot: 'first', ms: 0 },
    stored: null,
    settings: {
      portal: 'http://localhost:41400',
      rootPublicKey: process.env.LEASE_ROOT_PUBLIC_KEY,
      product: 'forms',
      productVersion: '1.0.0',
      url,
    },
  }
  const pass = (seconds: number) => {
    passed += seconds
    machine.wall += seconds * 1000
    if (machine.steady) machine.steady.ms += seconds * 1000
    writeFileSync(clockFile, String(passed * 1000))
  }
  writeFileSync(clockFile, '0')
  const state = async (verb: Verb = 'state', ...texts: string[]) =>
    (await client.call(portal, machine, verb, ...texts)).state
  const live = async (days: number) => {
    for (let hours = 0; hours < days * 24; hours++) {
      pass(hour)
      await state('check')
    }
    return state()
  }
  const cut = (off: boolean) => {
    portal.address = off ? 'http://127.0.0.1:9' : address
  }
  return {
    portal,
    machine,
    state,
    live,
    cut,
    pass,
    call: (verb: Verb) => client.call(portal, machine, verb),
  }
}

function bothClients() {
  const php = phpPath()
  const clients: (readonly [string, Client])[] = [['TypeScript', typescriptClient()]]
  if (php) clients.push(['PHP', phpClient(php)])
  afterAll(() => {
    for (const [, client] of clients) client.end()
  })
  return clients
}

/** The key that a client has stored, and the one that waits to take over. */
export function keysIn({ stored }: Machine): {
  key: string | null
  next: string | null
  secret: string | null
} {
  const { key, next, secret } = JSON.parse(JSON.parse(stored ?? '{}').state)
  return { key, next: next?.key ?? null, secret }
}
