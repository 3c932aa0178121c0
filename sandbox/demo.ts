import '@/sandbox/node-version'
import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { SeedSize } from '@/sandbox/database'
import { keptSecrets } from '@/sandbox/environment'
import { type Lock, takeLock } from '@/sandbox/lock'
import { type Portal, startPortal } from '@/sandbox/portal'
import { freePort, isPortFree } from '@/sandbox/ports'
import { postgresHome } from '@/sandbox/postgres-home'
import { realSetting } from '@/sandbox/real-settings'
import { demoPeople, demoStaff, largePeople } from '@/sandbox/seed/people'
import { buildWhenStale } from '@/scripts/build'
import { describeExit, requestToStop } from '@/scripts/processes'

const print = (line: string) => process.stdout.write(`${line}\n`)

const usage = `Usage: npm run demo -- [--port 3000] [--fresh] [--seed large] [--dev]
  --port   where the portal listens
  --fresh  drops the data of earlier starts
  --seed   small (the default) or large: 1,000 organizations, 200,000 keys
  --dev    serves the sources as they change, instead of the build (npm run dev)`

type Options = { port: number; fresh: boolean; size: SeedSize; dev: boolean }

/** @throws when an option is unknown or makes no sense. */
function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '3000' },
      fresh: { type: 'boolean', default: false },
      seed: { type: 'string', default: 'small' },
      dev: { type: 'boolean', default: false },
    },
  })
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`"${values.port}" is no port.`)
  if (values.seed !== 'small' && values.seed !== 'large')
    throw new Error(`There is no seed "${values.seed}".`)
  return { port, fresh: values.fresh, size: values.seed, dev: values.dev }
}

/** Says what is wrong and how to go on, without a stack: it is the caller's to set right. */
function refuse(...lines: string[]): never {
  lines.forEach(print)
  process.exit(1)
}

async function assertPortFree(port: number) {
  // The address is "localhost", which a browser may take for either.
  if ((await isPortFree(port)) && (await isPortFree(port, '::1'))) return
  refuse(
    `Port ${port} is taken by another program.`,
    `Choose another: npm run demo -- --port ${await freePort()}`,
  )
}

/** The secrets open the data, so neither is kept without the other. */
function dropData(home: string) {
  for (const name of [
    'demo.env',
    'postgres',
    'postgres.log',
    'mails',
    'clock',
    'audit-heads.jsonl',
    'releases',
  ]) {
    rmSync(path.join(home, name), { recursive: true, force: true, maxRetries: 10 })
  }
}

async function start(options: Options, home: string): Promise<Portal> {
  const secretsFile = path.join(home, 'demo.env')
  if (options.fresh || !existsSync(secretsFile)) dropData(home)
  if (!options.dev) await buildWhenStale(print)
  const beside = async (port: number) => (port < 65_536 && (await isPortFree(port)) ? port : freePort())
  return startPortal({
    home,
    port: options.port,
    mailPort: await beside(options.port + 1),
    stripePort: await beside(options.port + 2),
    secrets: keptSecrets(secretsFile),
    size: options.size,
    dev: options.dev,
    print,
  })
}

function welcome(portal: Portal, options: Options) {
  const people = portal.seeded === 'large' ? [...demoPeople, ...largePeople] : demoPeople
  const width = Math.max(...[...people, ...demoStaff].map(({ email }) => email.length))
  print('')
  print('Latchkey is ready')
  print(`  Portal  ${portal.publicUrl}`)
  print(`  Mail    ${portal.mailUrl}  (every mail of the portal arrives here)`)
  print(`  Stripe  ${portal.stripeUrl}  (a stand-in: pay with the card 4242 4242 4242 4242)`)
  print('')
  print('Sign in as one of these; the code comes by mail:')
  for (const { email, name, organization, role } of people) {
    print(`  ${email.padEnd(width)}  ${name}, ${role} of ${organization}`)
  }
  print('Or as one of the vendor’s own people, who come to /staff:')
  for (const { email, name, role, looksAfter } of demoStaff) {
    const what = role === 'admin' ? 'admin' : `account manager of ${looksAfter.join(', ')}`
    print(`  ${email.padEnd(width)}  ${name}, ${what}`)
  }
  print('')
  if (portal.seeded !== options.size) {
    print(
      `The data is the ${portal.seeded} one of an earlier start. For the other: --fresh --seed ${options.size}`,
    )
  }
  print('Ctrl-C stops it and keeps the data.')
}

async function main(options: Options) {
  const home = postgresHome()
  const lock: Lock = takeLock(path.join(home, 'demo.lock'), `http://localhost:${options.port}`)
  if (!lock.taken) {
    refuse(
      `The demo of this folder runs already: ${lock.about} (process ${lock.pid}).`,
      'Stop it there with Ctrl-C first.',
    )
  }
  process.once('exit', lock.release)
  await assertPortFree(options.port)

  const stop = requestToStop()
  // While it starts, ending is enough: what was started ends with this process, in its own orderly way.
  stop.then(() => !portal && process.exit(130))
  let portal: Portal | undefined
  portal = await start(options, home)
  welcome(portal, options)
  const ended = await Promise.race([stop, portal.ended])
  print(
    typeof ended === 'string'
      ? 'Stopping …'
      : `${ended.name} ended (${describeExit(ended.exit)}). Stopping …`,
  )
  await portal.stop()
  process.exit(typeof ended === 'string' ? 0 : 1)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const real = realSetting(process.env)
if (real) {
  refuse(
    `The demo is made-up data and a mail server that delivers nowhere, and ${real}: these are a real portal’s settings.`,
    'Start it in a shell without them.',
  )
}
let options: Options
try {
  options = readOptions()
} catch (error) {
  refuse(messageOf(error), usage)
}
try {
  await main(options)
} catch (error) {
  refuse(`The demo could not be started: ${messageOf(error)}`)
}
