import { checkRole } from '@/db/check-role'
import { pool } from '@/db/client'
import { throwIfNotMigrated } from '@/db/failures'
import { isUnchecked, setUnchecked } from '@/lib/answer'
import { env, isLoopback } from '@/lib/env'
import { Unavailable } from '@/lib/errors'
import { checkRing } from '@/lib/keys/check-ring'
import { log } from '@/lib/log'

const retryMilliseconds = 1_000

/**
 * What must hold before a process serves: the environment is complete, its database role cannot go around row security,
 * and the key ring and the fingerprint secret fit the stored keys.
 * @returns false while the database does not answer, which leaves the rest open.
 * @throws Error that names what is wrong and how to set it right.
 */
export async function checkStart(): Promise<boolean> {
  env()
  try {
    await pool().query('select 1')
  } catch (error) {
    throwIfNotMigrated(error)
    log.debug({ err: error }, 'the database does not answer')
    return false
  }
  try {
    await checkRole(pool())
    await checkRing()
    return true
  } catch (error) {
    // It answered and is gone again.
    if (error instanceof Unavailable) return false
    throwIfNotMigrated(error)
    throw error
  }
}

/**
 * Starts the web process: what is wrong ends it, and is said in one sentence. A database that is down does not stop the
 * start; pages answer as in an outage until it is back and has been checked, which happens by itself.
 */
export async function startOrExit() {
  await checkOrExit()
  warnOfHttp()
  if (!env().LEASE_KEY_RING) log.warn('LEASE_KEY_RING is missing: members cannot fetch offline files')
}

async function checkOrExit() {
  try {
    const checked = await checkStart()
    if (checked === isUnchecked()) report(checked)
    setUnchecked(!checked)
    // Keeps no process alive that has nothing else to do.
    if (!checked) setTimeout(checkOrExit, retryMilliseconds).unref()
  } catch (error) {
    process.stderr.write(
      `Latchkey does not start. ${error instanceof Error ? error.message : String(error)}\n`,
    )
    process.exit(1)
  }
}

/** Says, where others than this machine reach the portal by http, what that leaves open. */
function warnOfHttp() {
  const { protocol, hostname } = new URL(env().PUBLIC_URL)
  if (process.env.NODE_ENV !== 'production' || protocol !== 'http:' || isLoopback(hostname)) return
  log.warn('PUBLIC_URL begins with http: cookies are not Secure, and no HSTS is sent')
}

function report(checked: boolean) {
  if (checked) log.info('the database answers; its role and the key ring are right')
  else log.warn('the database does not answer yet; its role and the key ring are checked once it does')
}
