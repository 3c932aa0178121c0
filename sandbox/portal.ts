import path from 'node:path'
import { prepareDatabase, type SeedSize } from '@/sandbox/database'
import { startDays } from '@/sandbox/days'
import { type Environment, productEnvironment } from '@/sandbox/environment'
import { startMail } from '@/sandbox/mail'
import { freePort } from '@/sandbox/ports'
import { type Postgres, startPostgres } from '@/sandbox/postgres'
import { makeReleases } from '@/sandbox/releases'
import { startStripeProcess } from '@/sandbox/stripe-process'
import { type Exit, firstToEnd, type Running, stopAll } from '@/scripts/processes'
import { parts, startProduct } from '@/scripts/product'

export type Portal = {
  publicUrl: string
  mailUrl: string
  stripeUrl: string
  env: Environment
  postgres: Postgres
  seeded: SeedSize
  /** The first of its processes that ends without having been asked to. */
  ended: Promise<{ name: string; exit: Exit }>
  stop(): Promise<void>
}

interface Options {
  home: string
  port: number
  mailPort: number
  /** A free one, when it is not said. */
  stripePort?: number
  flags?: string[]
  secrets: Environment
  size: SeedSize
  /** Of the product's environment. */
  changes?: Environment
  /** Serves the sources as they change, instead of the build. */
  dev?: boolean
  print: (line: string) => void
}

/**
 * Starts the whole built product with all that it needs, on loopback alone: Postgres, mail, the migrated and filled
 * database, web and worker. Ready when this resolves; when it fails, what was started is stopped.
 * @param options.home the folder for data, mails and the file that moves the clock
 */
export async function startPortal(options: Options): Promise<Portal> {
  const { home, port, mailPort, print } = options
  const postgres = await startPostgres({
    dataDir: path.join(home, 'postgres'),
    port: await freePort(),
    flags: options.flags ?? [],
  })
  const running: Running[] = []
  let stopping = false
  const days = await startDays(postgres)
  // The product first: it may still have something to write.
  const stop = async () => {
    stopping = true
    await stopAll(running)
    await days.stop()
    await postgres.stop()
  }
  try {
    const smtpPort = await freePort()
    const stripePort = options.stripePort ?? (await freePort())
    const env = { ...environmentOf(options, postgres, smtpPort, stripePort), ...options.changes }
    const stripe = startStripeProcess({ port: stripePort, env, eachDay: days.url, print })
    running.push(startMail({ smtpPort, webPort: mailPort, folder: path.join(home, 'mails'), print }), stripe)
    // The seed pays there.
    await stripe.ready
    const seeded = await prepareDatabase(postgres, env, options.size, print)
    const mode = options.dev ? { NODE_ENV: 'development' } : {}
    const product = { parts, host: '127.0.0.1', port, keyServicePort: await freePort() }
    running.push(...startProduct({ ...product, env: { ...process.env, ...env, ...mode }, print }))
    const watched = [...running, { name: 'postgres', exited: postgres.exited }]
    const ended = firstToEnd(watched).then((first) => (stopping ? new Promise<never>(() => {}) : first))
    await untilReady(running, ended)
    return {
      publicUrl: publicUrlAt(port),
      mailUrl: `http://localhost:${mailPort}`,
      stripeUrl: env.SANDBOX_STRIPE_URL ?? '',
      env,
      postgres,
      seeded,
      ended,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const publicUrlAt = (port: number) => `http://localhost:${port}`

function environmentOf(
  { home, port, secrets }: Options,
  postgres: Postgres,
  smtpPort: number,
  stripePort: number,
): Environment {
  const releasesDir = path.join(home, 'releases')
  makeReleases(releasesDir)
  return productEnvironment({
    postgres,
    secrets,
    publicUrl: publicUrlAt(port),
    smtpPort,
    clockFile: path.join(home, 'clock'),
    headsFile: path.join(home, 'audit-heads.jsonl'),
    releasesDir,
    stripeUrl: `http://127.0.0.1:${stripePort}`,
  })
}

async function untilReady(running: Running[], ended: Portal['ended']) {
  await Promise.race([
    Promise.all(running.map(({ ready }) => ready)),
    ended.then(({ name }) => {
      throw new Error(`${name} ended while the portal was starting.`)
    }),
  ])
}
