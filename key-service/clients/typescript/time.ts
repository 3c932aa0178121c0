import { readFileSync } from 'node:fs'

/** Clocks of this machine: the one that people set, and one that only goes on. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
  /**
   * Milliseconds since the machine was started, and a name of that start; null where the machine has no such clock. With
   * it a clock that is set during an outage is noticed to the second. It should count the time that the machine sleeps.
   */
  steady?(): { boot: string; ms: number } | null
}

/**
 * This machine's own. Linux counts in `uptime` the time that the machine sleeps; `performance.now()` would stand still
 * meanwhile. Other systems do not tell.
 */
export const machineClock: Clock = {
  now: () => Date.now(),
  steady: () => {
    try {
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
      const seconds = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'))
      return { boot, ms: Math.floor(seconds * 1000) }
    } catch {
      return null
    }
  },
}

/** What is remembered of the time; all in milliseconds. */
export interface TimeKept {
  /** The time as last observed: the latest that was seen. */
  high: number
  /** The latest that was signed by the portal. */
  signed: number
  /** What the portal's clock is ahead of this machine's. */
  offset: number
  /** This machine's clock as last read. */
  wall: number
  boot: string | null
  steady: number | null
  /** This machine's clock is wrong, as far as can be known. */
  suspect: boolean
}

/** How far two clocks may be apart without one of them being wrong. */
export const tolerance = 300_000

/**
 * What time it is: never earlier than the latest that was seen, unless the portal or a newer file has said so. Without a
 * steady clock, one that was set forward is believed until then, since it cannot be told from waiting; and one that was
 * set back hides what it was set back by, or less, since it cannot be told from checks that follow each other sooner.
 */
export function readTime(kept: TimeKept | null, clock: Clock): TimeKept {
  const marks = marksOf(clock)
  const { wall, boot, steady } = marks
  if (!kept) return { high: wall, signed: 0, offset: 0, suspect: false, ...marks }
  const told = wall + kept.offset
  const sameStart = steady !== null && kept.steady !== null && boot === kept.boot && steady >= kept.steady
  if (sameStart) return { ...kept, ...marks, ...bySteadyClock(kept, told, steady - (kept.steady ?? 0)) }
  // A clock that stays within five minutes of the truth, either way, moves by ten: so long time stands still.
  const behind = told < kept.high - 2 * tolerance
  const high = behind ? kept.high + Math.max(0, wall - kept.wall) : Math.max(told, kept.high)
  return { ...kept, ...marks, high, suspect: behind }
}

function bySteadyClock({ high }: TimeKept, told: number, passed: number) {
  const expected = high + passed
  // Far ahead of the steady clock: the machine slept, or its clock was set. The portal is asked; until then it may be so,
  // also where it is set back afterwards: that cannot be told from setting it right.
  if (told > expected + tolerance) return { high: told, suspect: true }
  return { high: expected, suspect: told < expected - tolerance }
}

/** The portal has told the time, in an answer to a question that was asked just now: it is right, also where it is earlier. */
export function setTime(seconds: number, clock: Clock): TimeKept {
  const signed = seconds * 1000
  const marks = marksOf(clock)
  return { high: signed, signed, offset: signed - marks.wall, suspect: false, ...marks }
}

/**
 * A file that was signed later than all that was seen signed proves how late it is at the least, and what was seen of
 * this machine's clock before is forgotten: one wrong reading would else be the end of every file.
 */
export function startFrom(kept: TimeKept, issuedAt: number): TimeKept {
  const signed = issuedAt * 1000
  if (signed <= kept.signed) return kept
  const told = kept.wall + kept.offset
  const suspect = told < signed - tolerance
  return { ...kept, signed, high: Math.max(told, signed), suspect }
}

function marksOf(clock: Clock) {
  const steady = clock.steady?.() ?? null
  return { wall: clock.now(), boot: steady?.boot ?? null, steady: steady?.ms ?? null }
}
