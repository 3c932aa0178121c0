import { type BlockList, isIPv6 } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { checkRole } from '@/db/check-role'
import { closePool, openPoolAt, pool } from '@/db/client'
import { throwIfNotMigrated } from '@/db/failures'
import { history } from '@/lib/activations/history'
import { timeClaims } from '@/lib/activations/lease'
import { signer } from '@/lib/activations/signer'
import { now } from '@/lib/clock'
import { env, keepOnly } from '@/lib/env'
import { Unavailable } from '@/lib/errors'
import { log } from '@/lib/log'
import { trustedProxies } from '@/scripts/client-address'
import { stopInOrder } from '@/scripts/stop-in-order'
import { buildServer } from './server'

/*
 * The key service's process: what GLPI servers talk to, apart from the portal, with a database role that can do next to
 * nothing, and without the ring that opens registration keys.
 */
keepOnly(
  'KEY_SERVICE_DATABASE_URL',
  'DATABASE_POOL_SIZE',
  'PUBLIC_URL',
  'KEY_FINGERPRINT_SECRET',
  'LEASE_KEY_RING',
  'TRUSTED_PROXIES',
  'VENDOR_NAME',
  'SUPPORT_EMAIL',
  'RELEASES_DIR',
  'RELEASES_BASE_URL',
  'RELEASES_SECRET',
  'LOG_LEVEL',
  'RECOVERY',
  'SANDBOX_CLOCK_FILE',
)

/** Milliseconds. Together they stay below the ten seconds after which a process that does not stop is killed. */
const stopping = { linger: 500, longest: 8_000 }

async function main() {
  const { KEY_SERVICE_DATABASE_URL, LEASE_KEY_RING, TRUSTED_PROXIES, RELEASES_BASE_URL, RELEASES_SECRET } =
    env()
  if (!KEY_SERVICE_DATABASE_URL)
    throw new Error('KEY_SERVICE_DATABASE_URL is missing; .env.example explains it')
  if (!LEASE_KEY_RING) throw new Error('LEASE_KEY_RING is missing; .env.example explains it')
  if (RELEASES_BASE_URL && !RELEASES_SECRET)
    throw new Error('RELEASES_SECRET is missing; .env.example explains it')
  // A GLPI's own patience is short, and none of its calls reads more than a few rows.
  openPoolAt(KEY_SERVICE_DATABASE_URL, { connection: 1_000, query: 1_000, statement: 800 })
  const app = await buildServer(isOneOf(trustedProxies(TRUSTED_PROXIES)))
  const finish = stopInOrder(app.server, stopping)
  const stop = async () => {
    await finish()
    await app.close()
    await history.flush()
    await closePool()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop())
  const address = await app.listen({
    host: process.env.KEY_SERVICE_HOST ?? '127.0.0.1',
    port: Number(process.env.KEY_SERVICE_PORT ?? 3100),
    // Node's own 511 are fewer than the servers that may ask in one moment.
    backlog: 4_096,
  })
  log.info({ address }, 'the key service is ready')
  await checkedOnceDatabaseAnswers()
}

const isOneOf = (proxies: BlockList) => (address: string) =>
  proxies.check(address.replace(/^::ffff:/, ''), isIPv6(address.replace(/^::ffff:/, '')) ? 'ipv6' : 'ipv4')

/** A database that is down stops no start: calls are answered as in an outage until it is back. */
async function checkedOnceDatabaseAnswers() {
  for (let tries = 0; ; tries++) {
    try {
      await pool().query('select 1')
      await checkRole(pool())
      return await checkSigning()
    } catch (error) {
      throwIfNotMigrated(error)
      if (error instanceof Error && error.message.startsWith('The database role')) throw error
      if (tries === 0) log.warn({ err: error }, 'the database does not answer; the key service waits for it')
      await wait(1_000)
    }
  }
}

/** Opens the keys that sign, so that a ring that does not fit is told now and not by the first GLPI. */
async function checkSigning() {
  try {
    await signer.sign('time+jwt', timeClaims(env().PUBLIC_URL, undefined, now()))
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    log.warn(
      'no signing key is published: run npm run leases:rotate (docs/operate.md); until then calls are answered 503',
    )
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`The key service ends. ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
