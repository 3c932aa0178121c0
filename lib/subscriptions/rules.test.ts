import fc from 'fast-check'
import { expect, test } from 'vitest'
import { daysBetween, later, startOfDay } from '@/lib/organizations/calendar'
import { lengthsFor, longestTerm, mayIssueTerm, nextTerm } from '@/lib/subscriptions/rules'

const zone = fc.constantFrom(
  'UTC',
  'Europe/Paris',
  'America/Santiago',
  'America/Havana',
  'Africa/Cairo',
  'Pacific/Kiritimati',
)
const moment = fc.date({
  min: new Date('2020-01-01T00:00:00Z'),
  max: new Date('2050-01-01T00:00:00Z'),
  noInvalidDate: true,
})
const months = fc.integer({ min: 1, max: 60 })
const overlap = fc.integer({ min: 0, max: 60 })

test('the first term begins today and ends at midnight, and its key lives the overlap longer', () => {
  fc.assert(
    fc.property(moment, zone, months, overlap, (now, timeZone, length, overlapDays) => {
      const term = nextTerm(null, length, overlapDays, timeZone, now)
      expect(term.startsAt).toEqual(startOfDay(now, timeZone))
      expect(startOfDay(term.endsAt, timeZone)).toEqual(term.endsAt)
      expect(term.endsAt > now).toBe(true)
      expect(daysBetween(term.endsAt, term.keyExpiresAt, timeZone)).toBe(overlapDays)
    }),
  )
})

test('renewing at any moment before the last key expires costs no day and wins none', () => {
  fc.assert(
    fc.property(
      moment,
      zone,
      months,
      months,
      overlap,
      fc.double({ min: 0, max: 0.9999, noNaN: true }),
      (begin, timeZone, first, second, overlapDays, part) => {
        const last = nextTerm(null, first, overlapDays, timeZone, begin)
        const now = new Date(begin.getTime() + (last.keyExpiresAt.getTime() - begin.getTime()) * part)
        const term = nextTerm(
          { termEndsAt: last.endsAt, keyExpiresAt: last.keyExpiresAt },
          second,
          overlapDays,
          timeZone,
          now,
        )
        expect(term.startsAt).toEqual(last.endsAt)
        expect(term.endsAt).toEqual(later(last.endsAt, timeZone, { months: second }))
      },
    ),
  )
})

test('a subscription that has lapsed begins anew that day, whatever time zone it is in by now', () => {
  fc.assert(
    fc.property(
      moment,
      zone,
      zone,
      months,
      overlap,
      fc.integer({ min: 0, max: 900 * 86_400_000 }),
      (begin, before, timeZone, length, overlapDays, since) => {
        const last = nextTerm(null, length, overlapDays, before, begin)
        const now = new Date(last.keyExpiresAt.getTime() + since)
        const term = nextTerm(
          { termEndsAt: last.endsAt, keyExpiresAt: last.keyExpiresAt },
          length,
          overlapDays,
          timeZone,
          now,
        )
        // Never before the last one's end, or the two would overlap.
        expect(term.startsAt >= last.endsAt).toBe(true)
        expect(term.startsAt <= now).toBe(true)
        expect(term.startsAt >= startOfDay(now, timeZone)).toBe(true)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('a row of renewals never overlaps and leaves no gap while it does not lapse', () => {
  fc.assert(
    fc.property(
      moment,
      zone,
      fc.array(fc.tuple(months, fc.double({ min: 0, max: 1.5, noNaN: true })), {
        minLength: 1,
        maxLength: 10,
      }),
      (begin, timeZone, renewals) => {
        let last = nextTerm(null, 12, 14, timeZone, begin)
        let now = begin
        for (const [length, part] of renewals) {
          now = new Date(now.getTime() + Math.max(0, last.keyExpiresAt.getTime() - now.getTime()) * part)
          const next = nextTerm(
            { termEndsAt: last.endsAt, keyExpiresAt: last.keyExpiresAt },
            length,
            14,
            timeZone,
            now,
          )
          if (now < last.keyExpiresAt) expect(next.startsAt).toEqual(last.endsAt)
          else expect(next.startsAt > last.endsAt).toBe(true)
          last = next
        }
      },
    ),
  )
})

test('a leap day comes back in leap years, and the last of February otherwise', () => {
  const term = nextTerm(null, 12, 14, 'Europe/Paris', new Date('2028-02-29T10:00:00Z'))
  expect(term.endsAt.toISOString()).toBe('2029-02-27T23:00:00.000Z')
  expect(term.keyExpiresAt.toISOString()).toBe('2029-03-13T23:00:00.000Z')
})

test('an account manager issues terms of up to three years, others any', () => {
  expect(mayIssueTerm('manager', 36)).toEqual({ ok: true })
  expect(mayIssueTerm('manager', 37)).toEqual({ ok: false, because: 'needs_admin_months', months: 36 })
  for (const role of ['admin', 'system']) expect(mayIssueTerm(role, 60)).toEqual({ ok: true })
})

test('a form offers what may be asked for: an admin longer terms than an account manager, up to the longest there is', () => {
  expect(lengthsFor('manager')).toEqual([1, 3, 6, 12, 24, 36])
  expect(lengthsFor('admin')).toEqual([1, 3, 6, 12, 24, 36, 48, 60])
  expect(longestTerm).toBe(60)
})
