import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect, test } from '@playwright/test'
import { startProcess } from '@/scripts/processes'
import { startProduct } from '@/scripts/product'

const real = 'https://portal.example.com'

/** Starts a part of the product or of the sandbox that must not start. */
async function refusalOf(start: (say: (line: string) => void) => ReturnType<typeof startProcess>) {
  const lines: string[] = []
  const { code } = await start((line) => lines.push(line)).exited
  return { code, said: lines.join('\n') }
}

const parts = ['web', 'worker'] as const

/** Starts web or worker with the tests' own variables and these. */
const startPart = (part: (typeof parts)[number], changed: Record<string, string | undefined>) =>
  refusalOf((print) => {
    const env = { ...process.env, ...changed }
    const [running] = startProduct({ parts: [part], host: '127.0.0.1', port: 1, env, print })
    if (!running) throw new Error('nothing was started')
    return running
  })

const startSandbox = (file: string, changed: Record<string, string | undefined>) =>
  refusalOf((output) =>
    startProcess({
      name: file,
      command: [process.execPath, '--import', './scripts/typescript.mjs', file],
      env: { ...process.env, NODE_ENV: undefined, ...changed },
      output,
    }),
  )

for (const part of parts) {
  test(`[A15] the ${part} is refused with the clock of the sandbox, and with the database role of its owner`, async () => {
    const clock = await startPart(part, { PUBLIC_URL: real })
    expect(clock).toEqual({ code: 1, said: expect.stringContaining('SANDBOX_CLOCK_FILE moves the clock') })
    const owner = process.env.DATABASE_OWNER_URL
    const role = await startPart(part, {
      PUBLIC_URL: real,
      SANDBOX_CLOCK_FILE: undefined,
      SANDBOX_STRIPE_URL: undefined,
      DATABASE_URL: owner,
      WORKER_DATABASE_URL: owner,
    })
    expect(role).toEqual({
      code: 1,
      said: expect.stringContaining('The database role latchkey_owner owns a table'),
    })
    console.log('[A15] 2 starts')
  })
}

test('[A15] the demo and its seed are refused with a real portal’s settings', async () => {
  // Six programs start one after the other, which takes a busy machine longer than a page does.
  test.setTimeout(240_000)
  const settings: [Record<string, string>, reason: string][] = [
    [{ NODE_ENV: 'production' }, 'NODE_ENV is production'],
    [{ PUBLIC_URL: real }, `PUBLIC_URL is ${real}`],
    [{ PUBLIC_URL: 'http://192.0.2.10:3000' }, 'PUBLIC_URL is http://192.0.2.10:3000'],
  ]
  for (const [changed, reason] of settings) {
    for (const file of ['sandbox/demo.ts', 'sandbox/seed/seed.ts']) {
      const { code, said } = await startSandbox(file, changed)
      expect({ file, code, said }).toEqual({ file, code: 1, said: expect.stringContaining(reason) })
    }
  }
  console.log(`[A15] ${settings.length * 2} starts`)
})

test('[A15] Postgres, mail and portal of the sandbox can be reached on the loopback interface alone', async () => {
  const others = [
    ...Object.values(networkInterfaces()).flatMap((addresses = []) =>
      addresses.filter(({ internal, scopeid }) => !internal && !scopeid).map(({ address }) => address),
    ),
    // The same machine, and another address than theirs: who listens on every interface answers here as well.
    ...(process.platform === 'linux' ? ['127.0.0.2'] : []),
  ]
  const everywhere = createServer().listen(0, '::')
  await once(everywhere, 'listening')
  // It listens on a port, so its address is no path.
  const seen = (everywhere.address() as AddressInfo).port
  const ports = ['DATABASE_URL', 'SMTP_URL', 'MAIL_URL', 'PUBLIC_URL'].map((name) =>
    Number(new URL(process.env[name] ?? '').port),
  )
  expect(others.length).toBeGreaterThan(0)
  for (const address of others) {
    expect(await answers(address, seen), `${address} is an address of this machine`).toBe(true)
    for (const port of ports) expect(await answers(address, port), `${address}:${port}`).toBe(false)
  }
  for (const port of ports) expect(await answers('127.0.0.1', port)).toBe(true)
  everywhere.close()
  console.log(`[A15] ${ports.length} ports at ${others.length} addresses`)
})

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 5_000 })
    const done = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('connect', () => done(true))
    socket.once('error', () => done(false))
    socket.once('timeout', () => done(false))
  })
}
