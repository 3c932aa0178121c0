import { appendFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { browserPath } from '@/sandbox/browser'
import { newSecrets } from '@/sandbox/environment'
import { startPortal } from '@/sandbox/portal'
import { freePort } from '@/sandbox/ports'
import { throwAwayFlags } from '@/sandbox/postgres'
import { throwAwayFolder } from '@/sandbox/postgres-home'
import { buildWhenStale } from '@/scripts/build'

/** Once per run of the browser tests: the whole product, built and seeded, with data that is thrown away. */
export default async function startForTests() {
  // First, since it may be what is missing, and its error would otherwise come after a whole build.
  process.env.CHROMIUM_PATH = browserPath()
  const lines: string[] = []
  const folder = throwAwayFolder()
  const log = path.join(folder, 'log')
  const print = (line: string) => {
    lines.push(line)
    appendFileSync(log, `${line}\n`)
  }
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  // All that the product can write, for the test that looks for secrets in it.
  process.env.LOG_LEVEL = 'trace'
  try {
    await buildWhenStale(print)
    const portal = await startPortal({
      home: folder,
      port: await freePort(),
      mailPort: await freePort(),
      flags: throwAwayFlags,
      secrets: newSecrets(),
      size: 'small',
      print,
    })
    // The tests' own processes are started after this, and read the addresses from here.
    Object.assign(process.env, portal.env, { MAIL_URL: portal.mailUrl, PORTAL_LOG: log })
    portal.ended.then(({ name }) => {
      process.stderr.write(`${name} ended during the tests:\n${lines.slice(-30).join('\n')}\n`)
    })
    return async () => {
      await portal.stop()
      remove()
    }
  } catch (error) {
    process.stderr.write(`${lines.slice(-50).join('\n')}\n`)
    remove()
    throw error
  }
}
