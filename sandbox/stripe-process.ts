import { fileURLToPath } from 'node:url'
import { type Environment, webhookSecret } from '@/sandbox/environment'
import { type Running, startProcess } from '@/scripts/processes'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Starts the stand-in for Stripe as a process of its own. What it knows is gone when it ends. */
export function startStripeProcess(options: {
  port: number
  /** The portal's, which its events go to and whose clock it shares. */
  env: Environment
  /** Asked to live through each day that the clock is moved by. */
  eachDay: string
  print: (line: string) => void
}): Running {
  const { port, env, eachDay, print } = options
  const webhook = ['--webhook', `${env.PUBLIC_URL}/api/stripe/webhook`, '--secret', webhookSecret]
  return startProcess({
    name: 'stripe',
    command: [
      process.execPath,
      '--import',
      './scripts/typescript.mjs',
      'sandbox/stripe-server.ts',
      '--port',
      `${port}`,
      ...webhook,
      '--each-day',
      eachDay,
    ],
    cwd: root,
    env: { ...process.env, SANDBOX_CLOCK_FILE: env.SANDBOX_CLOCK_FILE },
    output: (line) => print(`[stripe] ${line}`),
    readyUrl: `http://127.0.0.1:${port}/`,
  })
}
