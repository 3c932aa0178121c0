import { daysBetween, lastDayBefore } from '@/lib/organizations/calendar'
import type { Language } from './translator'

const formats = new Map<string, Intl.DateTimeFormat>()

function format(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const id = language + JSON.stringify(options)
  let found = formats.get(id)
  if (!found) {
    found = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'fr-FR', options)
    formats.set(id, found)
  }
  return found
}

const day = { day: 'numeric', month: 'short', year: 'numeric' } as const

/** "3 Dec 2026", which is never broken: in a narrow column "3 Dec / 2026" would read as two things. */
function unbroken(text: string, language: Language): string {
  // French says the first of a month as an ordinal; Intl does not.
  const said = language === 'fr' ? text.replace(/^1 /, '1er ') : text
  return said.replace(/(?<!,) /g, '\u00a0')
}

/** The last whole day before an end at midnight, in the organization's time zone: "3 Dec 2026". */
export function lastDay(end: Date, language: Language, timeZone: string): string {
  return dayText(lastDayBefore(end, timeZone), language)
}

/** The day that begins at a midnight, in the organization's time zone: "4 Dec 2026" for what ended with the 3rd. */
export function firstDay(start: Date, language: Language, timeZone: string): string {
  return dayText(lastDayBefore(new Date(start.getTime() + 1), timeZone), language)
}

/** A day of the calendar, given as `2026-12-03`: "3 Dec 2026". */
export function dayText(given: string, language: Language): string {
  return unbroken(
    format(language, { ...day, timeZone: 'UTC' }).format(new Date(`${given}T12:00:00Z`)),
    language,
  )
}

/** The month of a day of the calendar: "December 2026". */
export function monthText(given: string, language: Language): string {
  const of = format(language, { month: 'long', year: 'numeric', timeZone: 'UTC' })
  return of.format(new Date(`${given}T12:00:00Z`)).replaceAll(' ', '\u00a0')
}

/** Whole days left after today until an end at midnight: 0 on the last day, negative once it is over. */
export function daysLeft(end: Date, now: Date, timeZone: string): number {
  return daysBetween(now, end, timeZone) - 1
}

const time = { hour: '2-digit', minute: '2-digit' } as const

/** An event, in the person's time zone: "14 Nov 2026, 10:12 CET". Whose time it is, a page says nowhere else. */
export function moment(at: Date, language: Language, timeZone: string): string {
  return unbroken(format(language, { ...day, ...time, timeZone, timeZoneName: 'short' }).format(at), language)
}

/** The same for mails, which name the time zone in full beside it, and are wrapped by who reads them: "14 Nov 2026, 10:12". */
export function mailedMoment(at: Date, language: Language, timeZone: string): string {
  return format(language, { ...day, ...time, timeZone }).format(at)
}

const relative = new Map<Language, Intl.RelativeTimeFormat>()

/** How long ago something was, in the largest unit of which two have passed, up to days: "3 hours ago". */
export function ago(at: Date, now: Date, language: Language): string {
  const format = relative.get(language) ?? new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  relative.set(language, format)
  const minutes = Math.max(0, Math.floor((now.getTime() - at.getTime()) / 60_000))
  if (minutes < 1) return format.format(0, 'second')
  if (minutes < 120) return format.format(-minutes, 'minute')
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? format.format(-hours, 'hour') : format.format(-Math.floor(hours / 24), 'day')
}
