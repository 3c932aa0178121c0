import { eq, sql } from 'drizzle-orm'
import { keys } from '@/db/schema/keys'
import { asSystem } from '@/db/scope'
import { env } from '@/lib/env'
import { fingerprint, open } from './vault'

/**
 * Tries one stored key of each version of the key ring, so that a wrong secret stops the start and not, some day, the
 * person who asks for a key. A database without keys fits every ring.
 * @throws Error that names the variable which does not fit; Unavailable.
 */
export async function checkRing() {
  const samples = await asSystem('check the key ring', async (tx) => {
    const versions = await tx
      .selectDistinct({ version: keys.ringVersion })
      .from(keys)
      .orderBy(keys.ringVersion)
    const found = []
    for (const { version } of versions) {
      const [key] = await tx
        .select({
          id: keys.id,
          cipher: keys.cipher,
          ringVersion: keys.ringVersion,
          fingerprint: keys.fingerprint,
        })
        .from(keys)
        .where(eq(keys.ringVersion, version))
        .orderBy(sql`${keys.id} desc`)
        .limit(1)
      if (key) found.push(key)
    }
    return found
  })
  for (const sample of samples) checkSample(sample)
}

function checkSample(sample: { id: string; cipher: Buffer; ringVersion: number; fingerprint: Buffer }) {
  const { ringVersion } = sample
  if (!env().KEY_RING.has(ringVersion)) {
    throw new Error(`KEY_RING lacks version ${ringVersion}, under which keys are stored. Add it again.`)
  }
  const key = openOrNull(sample)
  if (key === null) {
    throw new Error(
      `KEY_RING has another secret as version ${ringVersion} than the one that the stored keys were written with.`,
    )
  }
  if (!fingerprint(key).equals(sample.fingerprint)) {
    throw new Error('KEY_FINGERPRINT_SECRET is another than the one that the stored keys were written with.')
  }
}

function openOrNull(sample: { id: string; cipher: Buffer; ringVersion: number }): string | null {
  try {
    return open(sample, sample.id)
  } catch {
    return null
  }
}
