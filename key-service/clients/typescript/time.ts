/** Clocks of this machine: the one that people set, and one that only goes on. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number
  /**
   * Milliseconds since the machine was started, and a name of that start; null where the machine has no such clock. With
   * it a clock that is set during an outage is noticed to the second.
   */
  steady?(): { boot: string; ms: number } | null
}

/** What is remembered of the time; all in milliseconds. */
export interface TimeKept {
  /** The latest time that was ever seen. */
  high: number
  /** What the portal's clock is ahead of this machine's. */
  offset: number
  boot: string | null
  steady: number | null
  /** This machine's clock has been set since the portal last told the time. */
  suspect: boolean
}

/** How far two clocks may be apart without one of them being wrong. */
export const tolerance = 300_000

/**
 * What time it is. Turning the clock back wins nothing: time goes on from the latest that was seen. Without a steady
 * clock, a clock that was set forward is believed until the portal tells the time again: it cannot be told from waiting.
 */
export function readTime(kept: TimeKept | null, clock: Clock): TimeKept {
  const wall = clock.now()
  const steady = clock.steady?.() ?? null
  const mark = { boot: steady?.boot ?? null, steady: steady?.ms ?? null }
  if (!kept) return { high: wall, offset: 0, suspect: false, ...mark }
  const told = wall + kept.offset
  const sameStart = steady && kept.steady !== null && steady.boot === kept.boot && steady.ms >= kept.steady
  if (!sameStart) {
    const turnedBack = told < kept.high - tolerance
    const high = Math.max(told, kept.high)
    return {
      high,
      offset: turnedBack ? high - wall : kept.offset,
      suspect: kept.suspect || turnedBack,
      ...mark,
    }
  }
  const expected = kept.high + steady.ms - (kept.steady ?? 0)
  // Far ahead of the steady clock: the machine slept, or its clock was set. The portal is asked; until then it may be so.
  const high = told > expected + tolerance ? told : expected
  return {
    high,
    offset: kept.offset,
    suspect: kept.suspect || Math.abs(told - expected) > tolerance,
    ...mark,
  }
}

/** The portal has told the time, in an answer to a question that was asked just now: it is right, also where it is earlier. */
export function setTime(seconds: number, clock: Clock): TimeKept {
  const steady = clock.steady?.() ?? null
  return {
    high: seconds * 1000,
    offset: seconds * 1000 - clock.now(),
    boot: steady?.boot ?? null,
    steady: steady?.ms ?? null,
    suspect: false,
  }
}
