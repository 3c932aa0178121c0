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

/** The last whole day before an end at midnight, in the organization's time zone: "3 Dec 2026". */
export function lastDay(end: Date, language: Language, timeZone: string): string {
  const noon = new Date(`${lastDayBefore(end, timeZone)}T12:00:00Z`)
  const date = format(language, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(
    noon,
  )
  // French says the first of a month as an ordinal; Intl does not.
  return language === 'fr' ? date.replace(/^1 /, '1er ') : date
}

/** Whole days left after today until an end at midnight: 0 on the last day, negative once it is over. */
export function daysLeft(end: Date, now: Date, timeZone: string): number {
  return daysBetween(now, end, timeZone) - 1
}

/** An event, in the person's time zone: "14 Nov 2026, 10:12". */
export function moment(at: Date, language: Language, timeZone: string): string {
  return format(language, { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(at)
}
