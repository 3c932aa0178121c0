import { fileURLToPath } from 'node:url'
import { webhookSecret } from '@/sandbox/environment'
import { type Running, startProcess } from '@/scripts/processes'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Starts the stand-in for Stripe as a process of its own. What it knows is gone when it ends. */
export function startStripeProcess(options: {
  port: number
  /** The portal that its events go to. */
  publicUrl: string
  clockFile: string
  print: (line: string) => void
}): Running {
  const { port, publicUrl, clockFile, print } = options
  const webhook = ['--webhook', `${publicUrl}/api/stripe/webhook`, '--secret', webhookSecret]
  return startProcess({
    name: 'stripe',
    command: [
      process.execPath,
      '--import',
      'tsx',
      'sandbox/stripe-server.ts',
      '--port',
      `${port}`,
      ...webhook,
    ],
    cwd: root,
    env: { ...process.env, SANDBOX_CLOCK_FILE: clockFile },
    output: (line) => print(`[stripe] ${line}`),
    readyUrl: `http://127.0.0.1:${port}/`,
  })
}
