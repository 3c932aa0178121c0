import { closePool } from '@/db/client'
import { env } from '@/lib/env'
import type { SeedSize } from '@/sandbox/database'
import { makeFirstSigningKey } from '@/sandbox/lease-root'
import { realSetting } from '@/sandbox/real-settings'
import { lookAround } from './found'
import { isLargeComplete, seedLarge } from './large'
import { isSmallComplete, seedSmall } from './small'

/**
 * Fills the database with made-up customers. What a seed that was cut short lacks, the next one adds; what is complete,
 * or holds organizations that are no seed's, is left alone.
 * @returns false when there was nothing to do.
 */
export async function seed(size: SeedSize): Promise<boolean> {
  const found = await lookAround()
  if (found.foreign) return false
  const complete = size === 'large' ? isLargeComplete(found) : isSmallComplete(found)
  if (!complete) await (size === 'large' ? seedLarge(found) : seedSmall(found))
  // What a seed of an earlier version has left lacks it.
  const made = await makeFirstSigningKey()
  return made || !complete
}

function mistakesOfEnvironment(): string | undefined {
  if (!process.env.SANDBOX_LEASE_ROOT)
    return 'Set SANDBOX_LEASE_ROOT, with LEASE_ROOT_PUBLIC_KEY, as the demo does.'
  try {
    env()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

if (import.meta.main) {
  const [size = 'small'] = process.argv.slice(2)
  if (size !== 'small' && size !== 'large') throw new Error(`There is no seed "${size}": small or large.`)
  const real = realSetting(process.env)
  if (real) {
    process.stdout.write(`Nothing was seeded: the customers are made up, and ${real}.\n`)
    process.exit(1)
  }
  const missing = process.env.SANDBOX_CLOCK_FILE
    ? mistakesOfEnvironment()
    : 'Set SANDBOX_CLOCK_FILE, to a file that need not be there: the seed moves the clock, since its customers have a past.'
  if (missing) {
    process.stdout.write(`Nothing was seeded. ${missing}\n`)
    process.exit(1)
  }
  try {
    const began = performance.now()
    const done = await seed(size)
    const seconds = ((performance.now() - began) / 1_000).toFixed(1)
    process.stdout.write(done ? `seeded in ${seconds} s\n` : 'nothing to seed\n')
  } finally {
    await closePool()
  }
}
