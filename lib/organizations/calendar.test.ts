import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  daysBetween,
  lastDayBefore,
  later,
  startOfDay,
  startOfNamedDay,
  withOffset,
} from '@/lib/organizations/calendar'

// Zones whose clocks skip or repeat midnight, that lie half an hour or more than twelve off, or that skipped a whole day.
const zones = [
  'UTC',
  'Europe/Paris',
  'America/New_York',
  'Africa/Cairo',
  'Asia/Beirut',
  'America/Santiago',
  'America/Asuncion',
  'America/Havana',
  'Asia/Tehran',
  'Pacific/Apia',
  'Pacific/Kiritimati',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'America/St_Johns',
]
const zone = fc.constantFrom(...zones)
const instant = fc
  .date({ min: new Date('2005-01-01T00:00:00Z'), max: new Date('2060-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000))

test.each([
  ['Europe/Paris', '2026-12-03T15:00:00Z', '2026-12-02T23:00:00.000Z'],
  ['Europe/Paris', '2026-07-03T22:30:00Z', '2026-07-03T22:00:00.000Z'],
  // Midnight is skipped: the day begins at one.
  ['America/Santiago', '2026-09-06T15:00:00Z', '2026-09-06T04:00:00.000Z'],
  ['Asia/Beirut', '2026-03-29T15:00:00Z', '2026-03-28T22:00:00.000Z'],
  // Midnight comes twice: the day begins at the first.
  ['America/Havana', '2026-11-01T15:00:00Z', '2026-11-01T04:00:00.000Z'],
])('in %s the day of %s begins at %s', (timeZone, at, begin) => {
  expect(startOfDay(new Date(at), timeZone).toISOString()).toBe(begin)
})

test.each([
  ['2027-01-31', { months: 1 }, '2027-02-28'],
  ['2028-01-31', { months: 1 }, '2028-02-29'],
  ['2028-02-29', { months: 12 }, '2029-02-28'],
  ['2028-02-29', { months: 48 }, '2032-02-29'],
  ['2026-12-31', { days: 1 }, '2027-01-01'],
  ['2026-03-29', { days: 1 }, '2026-03-30'],
] as const)('%s and %o is %s', (from, span, to) => {
  for (const timeZone of zones) {
    const midnight = startOfDay(new Date(`${from}T12:00:00Z`), timeZone)
    const expected = startOfDay(new Date(`${to}T12:00:00Z`), timeZone)
    // Noon in UTC is the next day already beyond the date line.
    if (timeZone !== 'Pacific/Apia' && timeZone !== 'Pacific/Kiritimati')
      expect(later(midnight, timeZone, span), timeZone).toEqual(expected)
  }
})

test('the start of a day is its own, not after the moment and at most 25 hours before it', () => {
  fc.assert(
    fc.property(instant, zone, (at, timeZone) => {
      const begin = startOfDay(at, timeZone)
      expect(startOfDay(begin, timeZone)).toEqual(begin)
      const hours = (at.getTime() - begin.getTime()) / 3_600_000
      expect(hours).toBeGreaterThanOrEqual(0)
      expect(hours).toBeLessThan(25.01)
      expect(daysBetween(begin, at, timeZone)).toBe(0)
    }),
    { numRuns: 2_000 },
  )
})

test('so many days later is a midnight, so many days away', () => {
  fc.assert(
    fc.property(instant, zone, fc.integer({ min: 0, max: 800 }), (at, timeZone, days) => {
      const begin = startOfDay(at, timeZone)
      const end = later(begin, timeZone, { days })
      expect(startOfDay(end, timeZone)).toEqual(end)
      // Samoa skipped 30 December 2011, which a calendar counts and a clock does not; who comes to that day is on the next.
      const isSkipped = timeZone === 'Pacific/Apia' && end.toISOString() === '2011-12-30T10:00:00.000Z'
      expect(isSkipped ? [days, days + 1] : [days]).toContain(daysBetween(begin, end, timeZone))
    }),
    { numRuns: 2_000, examples: [[new Date('2011-06-14T11:00:00Z'), 'Pacific/Apia', 199]] },
  )
})

test('the last whole day of an end is the day before it', () => {
  fc.assert(
    fc.property(instant, zone, (at, timeZone) => {
      const end = later(startOfDay(at, timeZone), timeZone, { days: 1 })
      const shown = lastDayBefore(end, timeZone)
      expect(shown).toMatch(/^\d{4}-\d{2}-\d{2}$/)
      // sv-SE writes a date as ISO 8601 does; it comes from another source of time zones.
      expect(shown).toBe(new Intl.DateTimeFormat('sv-SE', { timeZone }).format(new Date(end.getTime() - 1)))
    }),
  )
})

test('a named day begins at its midnight, or when the clocks skip that, and what no calendar has is none', () => {
  const begins = (day: string, timeZone: string) => startOfNamedDay(day, timeZone)?.toISOString()
  expect(begins('2026-12-03', 'Europe/Paris')).toBe('2026-12-02T23:00:00.000Z')
  expect(begins('2026-12-03', 'Pacific/Kiritimati')).toBe('2026-12-02T10:00:00.000Z')
  expect(begins('2026-09-06', 'America/Santiago')).toBe('2026-09-06T04:00:00.000Z')
  expect(begins('2028-02-29', 'UTC')).toBe('2028-02-29T00:00:00.000Z')
  for (const day of [
    '2026-02-29',
    '0001-01-01',
    '1899-12-31',
    '3000-01-01',
    '9999-12-31',
    '2026-13-01',
    '2026-00-10',
    '26-01-01',
    '2026-1-1',
    '',
    'today',
    '2026-01-01T10:00',
  ])
    expect(begins(day, 'UTC')).toBeUndefined()
})

test('an instant in a file has its offset', () => {
  const at = new Date('2026-12-03T23:10:59.900Z')
  expect(withOffset(at, 'Europe/Paris')).toBe('2026-12-04T00:10:59+01:00')
  expect(withOffset(at, 'America/St_Johns')).toBe('2026-12-03T19:40:59-03:30')
})
