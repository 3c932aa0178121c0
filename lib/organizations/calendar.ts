import { Temporal } from 'temporal-polyfill'

/** Midnight at the start of the day that `instant` falls on in `timeZone` (IANA name). */
export function startOfDay(instant: Date, timeZone: string): Date {
  return asDate(zoned(instant, timeZone).startOfDay())
}

/**
 * Midnight at the start of a day such as `2026-12-03` in `timeZone`; undefined where the calendar has no such day. Nor has it
 * one outside 1900 to 2999: a date field also holds the year 1, while it is typed, and 9999, after which dates have a sign.
 */
export function startOfNamedDay(day: string, timeZone: string): Date | undefined {
  if (!/^(19|2\d)\d{2}-\d{2}-\d{2}$/.test(day)) return undefined
  try {
    return asDate(Temporal.PlainDate.from(day).toZonedDateTime(timeZone))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** An instant as files have it, to the second and with the offset of `timeZone`: `2026-12-03T10:12:00+01:00`. */
export function withOffset(instant: Date, timeZone: string): string {
  return zoned(instant, timeZone).toString({ smallestUnit: 'second', timeZoneName: 'never' })
}

/** The same wall-clock midnight `months` and `days` later; 31 January plus a month is 28 February. */
export function later(midnight: Date, timeZone: string, span: { months?: number; days?: number }): Date {
  return asDate(zoned(midnight, timeZone).add(span).startOfDay())
}

/** The last whole day before a midnight, as `2026-12-03`: what a page shows as "until". */
export function lastDayBefore(midnight: Date, timeZone: string): string {
  return new Date(dayOf(midnight.getTime() - 1, timeZone) * dayMilliseconds).toISOString().slice(0, 10)
}

/** The day of the week that an instant falls on in `timeZone`: 1 is Monday, 7 Sunday. */
export const weekday = (instant: Date, timeZone: string): number => zoned(instant, timeZone).dayOfWeek

/** Whole days from the day of `from` to the day of `to` in `timeZone`; negative when `to` lies before. */
export function daysBetween(from: Date, to: Date, timeZone: string): number {
  return dayOf(to.getTime(), timeZone) - dayOf(from.getTime(), timeZone)
}

const dayMilliseconds = 86_400_000
const days = new Map<string, number>()
const mostDays = 2_000

/**
 * The day that an instant falls on, counted from 1 January 1970; kept, because a list asks for the same few days in each
 * of its rows.
 */
function dayOf(milliseconds: number, timeZone: string): number {
  const id = `${milliseconds} ${timeZone}`
  let day = days.get(id)
  if (day === undefined) {
    const local = zoned(new Date(milliseconds), timeZone)
    day = Date.UTC(local.year, local.month - 1, local.day) / dayMilliseconds
    if (days.size === mostDays) days.clear()
    days.set(id, day)
  }
  return day
}

const zoned = (instant: Date, timeZone: string) =>
  Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(timeZone)

const asDate = (moment: Temporal.ZonedDateTime) => new Date(moment.epochMilliseconds)
