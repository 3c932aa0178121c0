import { closePool } from '@/db/client'
import { rotateRing } from '@/lib/keys/rotate-ring'
import { requestToStop } from './processes'

/*
 * npm run keys:rotate: after a new version was added to KEY_RING, encrypts the stored keys under it. The portal goes on
 * meanwhile. Ctrl-C ends it after the batch at hand; running it again goes on from there.
 */
const print = (line: string) => process.stdout.write(`${line}\n`)

const interrupted = new AbortController()
requestToStop().then(() => interrupted.abort())

try {
  const { done, left } = await rotateRing({
    signal: interrupted.signal,
    onProgress: (progress) => print(`${progress.done} done, ${progress.left} left`),
  })
  print(
    left > 0
      ? `Interrupted: ${done} keys are done, ${left} are left. Run it again to go on.`
      : `All keys are under the newest version of KEY_RING (${done} were changed). Sign-in mails that wait may still need the older ones for ten minutes; then these can be removed.`,
  )
} catch (error) {
  print(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
} finally {
  await closePool()
}
process.exit()
