import { Unavailable } from '@/lib/errors'

/**
 * Asks again, as people and the worker do, where a busy machine has had no connection free within the two seconds that are
 * waited for one: what many do at once is to have one effect, however long they wait.
 * @param tries how often at the most
 */
export async function patiently<T>(work: () => Promise<T>, tries = 10): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Unavailable && tries > 1) return patiently(work, tries - 1)
    throw error
  }
}
