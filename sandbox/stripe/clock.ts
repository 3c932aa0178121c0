import { writeFileSync } from 'node:fs'
import { invalid } from './failure'

/** The time that everything in the stand-in lives in. */
export interface Clock {
  now: () => Date
  /** @throws {import('./failure').Failure} when it is in the past: what has happened has happened. */
  moveTo: (moment: Date) => void
}

/**
 * A clock that can be moved forward.
 * @param base what time it is without that
 * @param file the demo's clock (`SANDBOX_CLOCK_FILE`, which `base` reads): moving this one moves all of the demo
 */
export function movable(base: () => Date, file: string | undefined): Clock {
  let offset = 0
  const now = () => new Date(base().getTime() + offset)
  return {
    now,
    moveTo(moment) {
      if (!(moment.getTime() >= now().getTime())) throw invalid('The clock moves forward only.', 'to')
      if (file) writeFileSync(file, String(moment.getTime() - Date.now()))
      else offset += moment.getTime() - now().getTime()
    },
  }
}
