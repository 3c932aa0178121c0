import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll } from 'vitest'

/**
 * Stands between a process and all that it talks to, and counts what passes, in either direction: each message is a step
 * at which the process can be killed, with no hook in the product.
 */
export async function startSteps<Name extends string>(services: Record<Name, string>) {
  let passed = 0
  let at: { step: number; reached: () => boolean } | undefined
  /** @returns whether the message goes on */
  const pass = () => {
    passed += 1
    if (!at || passed < at.step) return true
    const { reached } = at
    at = undefined
    return reached()
  }
  const through: Partial<Record<Name, string>> = {}
  // as: the names of the record itself
  for (const [name, address] of Object.entries(services) as [Name, string][]) {
    const url = new URL(address)
    const server = forwarder({ host: url.hostname, port: Number(url.port) }, pass)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    // Listening on a port, so its address is no path.
    url.port = String((server.address() as AddressInfo).port)
    url.hostname = '127.0.0.1'
    through[name] = url.href.replace(/\/$/, '')
  }
  return {
    /** Where the process finds each of them. */
    // each has got its own above
    through: through as Record<Name, string>,
    /** How much has passed since `from` was called. */
    passed: () => passed,
    /**
     * Counts anew.
     * @param reached is called at that step; it says whether that message still goes on
     */
    from: (step: number, reached: () => boolean) => {
      passed = 0
      at = { step, reached }
    },
  }
}

function forwarder(to: { host: string; port: number }, pass: () => boolean): Server {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(to)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('data', (chunk) => {
        if (pass()) other.write(chunk)
      })
      one.on('error', () => {})
      // What was passed on arrives, also where its sender is dead by now.
      one.on('close', () => {
        sockets.delete(one)
        other.end()
      })
    }
  })
  afterAll(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return server
}
