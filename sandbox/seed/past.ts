import { createHash } from 'node:crypto'
import { later } from '@/lib/organizations/calendar'
import { at } from '@/sandbox/time'
import type { Till } from './till'

/** Where the days of the seed are counted. */
export const seedTimeZone = 'Europe/Paris'

interface Step {
  moment: Date
  run: () => Promise<unknown>
}

/** A made-up past: steps in any order, played in the order of their moments, as life would have had them. */
export interface Past {
  /** Midnight so many days from today; negative lies behind. `months` are added after the days. */
  day(days: number, months?: number): Date
  /**
   * Notes a step for a day, at some time between 8 and 18 o'clock that is the same for the same name.
   * @param minutes since midnight, where it matters when that day
   * @throws for today and later: the step could lie in the future, where nobody can have taken it.
   */
  on(day: Date, name: string, run: () => Promise<unknown>, minutes?: number): void
  play(): Promise<void>
  /** Where payments are made in it; without one, nobody has paid through the portal. */
  till?: Till | undefined
}

/** @param today midnight in `seedTimeZone` at the start of the day of the seed. */
export function pastUntil(today: Date, till?: Till): Past {
  const steps: Step[] = []
  return {
    till,
    day: (days, months = 0) => later(later(today, seedTimeZone, { days }), seedTimeZone, { months }),
    on(day, name, run, minutes) {
      if (day >= today) throw new RangeError(`${name} does not lie in the past`)
      const since = minutes === undefined ? timeOfDay(name) : minutes * 60_000
      steps.push({ moment: new Date(day.getTime() + since), run })
    },
    async play() {
      steps.sort((a, b) => a.moment.getTime() - b.moment.getTime())
      for (const { moment, run } of steps) await at(moment, run)
    },
  }
}

/** An idempotency key that is the same for the same name (RFC 9562, section 5.8: a UUIDv8 from a hash). */
export function uuidNamed(name: string): string {
  const bytes = createHash('sha256').update(name).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Milliseconds since midnight. */
function timeOfDay(name: string): number {
  const part = createHash('sha256').update(name).digest().readUInt32BE(0) / 2 ** 32
  return Math.round((8 + 10 * part) * 3_600_000)
}
