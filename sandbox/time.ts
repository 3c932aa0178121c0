import { setClock } from '@/lib/clock'

let elsewhere = false

/**
 * Runs `work` at another moment: whatever it does in this process, it does then. The clock stands still meanwhile.
 * @throws when one `at` begins inside or beside another: there is one clock, so the two would share a moment.
 */
export async function at<T>(moment: Date, work: () => Promise<T>): Promise<T> {
  if (Number.isNaN(moment.getTime())) throw new RangeError('That is no moment')
  if (elsewhere) throw new Error('Already at another moment')
  setClock(() => new Date(moment))
  elsewhere = true
  try {
    return await work()
  } finally {
    elsewhere = false
    setClock(undefined)
  }
}
