import pLimit from 'p-limit'
import { Unavailable } from '@/lib/errors'

/**
 * Lets so many ask at once; who comes on top waits, for as long as those before are answered. Once one of them found the
 * database away, whoever waited then is told so without asking: it would wait for the same, and once more as long.
 */
export function line(concurrency: number) {
  const limit = pLimit(concurrency)
  let outages = 0
  return <T>(ask: () => Promise<T>): Promise<T> => {
    const before = outages
    return limit(async () => {
      if (outages !== before) throw new Unavailable('database')
      try {
        return await ask()
      } catch (error) {
        if (error instanceof Unavailable && error.facts.what === 'database') outages++
        throw error
      }
    })
  }
}
