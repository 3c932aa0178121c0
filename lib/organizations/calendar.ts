import { Temporal } from 'temporal-polyfill'

/** Midnight at the start of the day that `instant` falls on in `timeZone` (IANA name). */
export function startOfDay(instant: Date, timeZone: string): Date {
  return asDate(zoned(instant, timeZone).startOfDay())
}

/** The same wall-clock midnight `months` and `days` later; 31 January plus a month is 28 February. */
export function later(midnight: Date, timeZone: string, span: { months?: number; days?: number }): Date {
  return asDate(zoned(midnight, timeZone).add(span).startOfDay())
}

/** The last whole day before a midnight, as `2026-12-03`: what a page shows as "until". */
export function lastDayBefore(midnight: Date, timeZone: string): string {
  return dayOf(new Date(midnight.getTime() - 1), timeZone).toString()
}

/** Whole days from the day of `from` to the day of `to` in `timeZone`; negative when `to` lies before. */
export function daysBetween(from: Date, to: Date, timeZone: string): number {
  return dayOf(from, timeZone).until(dayOf(to, timeZone), { largestUnit: 'day' }).days
}

const days = new Map<string, Temporal.PlainDate>()
const mostDays = 2_000

/** The day that an instant falls on; kept, because a list asks for the same few days in each of its rows. */
function dayOf(instant: Date, timeZone: string): Temporal.PlainDate {
  const id = `${instant.getTime()} ${timeZone}`
  let day = days.get(id)
  if (!day) {
    day = zoned(instant, timeZone).toPlainDate()
    if (days.size === mostDays) days.clear()
    days.set(id, day)
  }
  return day
}

const zoned = (instant: Date, timeZone: string) =>
  Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(timeZone)

const asDate = (moment: Temporal.ZonedDateTime) => new Date(moment.epochMilliseconds)
