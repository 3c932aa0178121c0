import fc from 'fast-check'
import { expect, test } from 'vitest'
import { daysBetween, later, startOfDay } from '@/lib/organizations/calendar'
import {
  gapAhead,
  lengthsFor,
  longestTerm,
  markDue,
  mayIssueTerm,
  nextTerm,
  pickUpOf,
  reminderMarks,
  type WayFacts,
  wayOf,
  worksFrom,
} from '@/lib/subscriptions/rules'

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

test('the key of a term works at once exactly while all the time before that term is paid', () => {
  const first = new Date('2026-03-01T00:00:00Z')
  const counts = fc.array(fc.boolean(), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(counts, fc.nat(5), fc.integer({ min: -1, max: 2_400 }), (counting, at, daysIn) => {
      const terms = counting.map((paid, index) => ({
        paid,
        startsAt: later(first, 'UTC', { months: 12 * index }),
        endsAt: later(first, 'UTC', { months: 12 * index + 12 }),
      }))
      const term = terms[at % terms.length]
      if (!term) throw new Error('there is one at least')
      // Issued while an earlier one ran, or in its own.
      const issuedAt = new Date(first.getTime() + Math.max(0, daysIn) * 86_400_000 + 36_000_000)
      const before = terms.filter(({ startsAt, endsAt }) => endsAt > issuedAt && startsAt < term.startsAt)
      const from = worksFrom(
        issuedAt,
        term.startsAt,
        terms.filter(({ paid }) => paid),
      )
      expect(from).toEqual(before.every(({ paid }) => paid) ? issuedAt : term.startsAt)
    }),
    { numRuns: 2_000 },
  )
})

test('what was paid twice over, or anew after it went back, counts as paid for the key of what follows', () => {
  const [a, b, c] = [2026, 2027, 2028].map((year) => new Date(Date.UTC(year, 2, 1)))
  if (!a || !b || !c) throw new Error('there are three')
  const issuedAt = new Date(Date.UTC(2026, 5, 1))
  expect(worksFrom(issuedAt, b, [])).toEqual(b)
  expect(worksFrom(issuedAt, b, [{ startsAt: b, endsAt: c }])).toEqual(b)
  expect(
    worksFrom(issuedAt, c, [
      { startsAt: b, endsAt: c },
      { startsAt: a, endsAt: b },
    ]),
  ).toEqual(issuedAt)
  expect(worksFrom(issuedAt, a, [])).toEqual(issuedAt)
})

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

/** What whoever runs the rule at these moments is told, each with the term's ordinal; renewed before the moment of that index. */
function toldAt(moments: Date[], timeZone: string, length: number, overlapDays: number, renewedAt: number) {
  const [begun] = moments
  if (!begun) throw new Error('there is a first moment')
  let [term, createdAt, ordinal] = [nextTerm(null, length, overlapDays, timeZone, begun), begun, 1]
  const told: { ordinal: number; mark: number; left: number }[] = []
  moments.forEach((now, index) => {
    if (index === renewedAt) {
      const last = { termEndsAt: term.endsAt, keyExpiresAt: term.keyExpiresAt }
      ;[term, createdAt, ordinal] = [nextTerm(last, length, overlapDays, timeZone, now), now, ordinal + 1]
    }
    const marks = told.filter((one) => one.ordinal === ordinal).map((one) => one.mark)
    const { endsAt, keyExpiresAt } = term
    const mark = markDue({ createdAt, endsAt, keyExpiresAt, told: marks }, now, timeZone)
    if (mark !== null) told.push({ ordinal, mark, left: daysBetween(now, endsAt, timeZone) - 1 })
  })
  return told
}

const everyDay = (from: Date, count: number) =>
  Array.from({ length: count }, (_, day) => new Date(from.getTime() + day * 86_400_000))

test('a worker that runs each day tells of each mark once, on its day', () => {
  fc.assert(
    fc.property(moment, zone, fc.constantFrom(3, 12), overlap, (begun, timeZone, length, overlapDays) => {
      const told = toldAt(everyDay(begun, length * 31 + 70), timeZone, length, overlapDays, -1)
      expect(told.map(({ mark }) => mark)).toEqual([...reminderMarks])
      // Where a day of the calendar has 23 or 25 hours, one that runs about midnight may meet it a day late.
      for (const { mark, left } of told) expect(mark - left).toBeLessThanOrEqual(1)
    }),
    { numRuns: 200 },
  )
})

test('whatever days a worker was away, each mark is told at most once, in order, and none of a term that was renewed', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 40 * 86_400_000 }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(
      moment,
      zone,
      fc.integer({ min: 1, max: 14 }),
      overlap,
      gaps,
      fc.nat(60),
      (begun, timeZone, length, overlapDays, apart, renewedAt) => {
        let at = begun.getTime()
        const moments = [begun]
        for (const gap of apart) {
          at += gap
          moments.push(new Date(at))
        }
        const told = toldAt(moments, timeZone, length, overlapDays, renewedAt)
        for (const of of Map.groupBy(told, ({ ordinal }) => ordinal).values()) {
          const marks = of.map(({ mark }) => mark)
          expect(marks).toEqual([...new Set(marks)].sort((a, b) => b - a))
        }
        // Never before its day, nor one that another has overtaken.
        for (const { mark, left } of told) {
          expect(left).toBeLessThanOrEqual(mark)
          expect(reminderMarks.filter((one) => one < mark && left <= one)).toEqual([])
        }
      },
    ),
    { numRuns: 1_000 },
  )
})

test('after days without a worker one mark is told; whoever has paid within it, or whose key has ended, is told nothing', () => {
  const [endsAt, keyExpiresAt] = [new Date('2027-03-12T23:00:00Z'), new Date('2027-03-26T23:00:00Z')]
  const term = { createdAt: new Date('2026-03-12T10:00:00Z'), endsAt, keyExpiresAt, told: [] as number[] }
  const due = (on: string, changes: Partial<typeof term> = {}) =>
    markDue({ ...term, ...changes }, new Date(`${on}T08:00:00Z`), 'Europe/Paris')
  expect(due('2027-01-10')).toBeNull()
  expect(due('2027-01-11')).toBe(60)
  expect(due('2027-03-07')).toBe(7)
  expect(due('2027-03-07', { told: [7] })).toBeNull()
  expect(due('2027-03-07', { told: [60, 30, 14] })).toBe(7)
  // Moved to another time zone, or by a clock that was put back.
  expect(due('2027-03-05', { told: [7] })).toBeNull()
  expect(due('2027-03-11')).toBe(1)
  expect(due('2027-03-12')).toBe(1)
  expect(due('2027-03-25')).toBe(1)
  expect(due('2027-03-28')).toBeNull()
  // Of a month's term, paid with 28 days to go, the mark of 30 days is none.
  expect(due('2027-02-14', { createdAt: new Date('2027-02-13T10:00:00Z') })).toBeNull()
  expect(due('2027-02-27', { createdAt: new Date('2027-02-13T10:00:00Z') })).toBe(14)
  expect(due('2027-02-27', { createdAt: new Date('2027-02-27T07:00:00Z') })).toBeNull()
})

test('the way of a renewal names each step with its time, or that it is still to come', () => {
  const hour = (count: number) => new Date(Date.UTC(2027, 2, 12) + count * 3_600_000)
  const facts: WayFacts = {
    ...{
      paidAt: hour(0),
      issuedAt: hour(1),
      mailedAt: null,
      firstSeenAt: null,
      offline: false,
      pluginsWait: false,
    },
    ...{ fileFetchedAt: null, oldCalledAt: null, oldStopsAt: hour(1_000), returned: null },
  }
  const way = (changes: Partial<WayFacts>, now = hour(100)) =>
    Object.fromEntries(wayOf({ ...facts, ...changes }, now).map(({ step, at }) => [step, at]))
  const [paid, issued] = [hour(0), hour(1)]
  expect(way({})).toEqual({ paid, issued, mailed: null, seen: null, old_unused: null })
  expect(Object.keys(way({}))).toEqual(['paid', 'issued', 'mailed', 'seen', 'old_unused'])
  const seen = { mailedAt: hour(2), firstSeenAt: hour(3) }
  expect(way(seen)).toEqual({ paid, issued, mailed: hour(2), seen: hour(3), old_unused: hour(3) })
  // A copy, or a second plugin, goes on with the old key.
  const used = { ...seen, oldCalledAt: hour(60) }
  expect(way(used)).toMatchObject({ old_unused: null })
  expect(way(used, hour(107))).toMatchObject({ old_unused: null })
  expect(way(used, hour(108))).toMatchObject({ old_unused: hour(60) })
  expect(way({ ...seen, oldCalledAt: hour(3) }, hour(4))).toMatchObject({ old_unused: hour(3) })
  // What has stopped is not used, whether or not the new one is.
  expect(way({ oldStopsAt: hour(100) })).toMatchObject({ seen: null, old_unused: hour(100) })
  expect(way({ ...used, oldStopsAt: hour(99) })).toMatchObject({ old_unused: hour(99) })
  expect(way({ oldStopsAt: null })).toMatchObject({ old_unused: null })
  expect(way({ ...seen, pluginsWait: true })).toMatchObject({ seen: hour(3), old_unused: null })
  expect(Object.keys(way({ paidAt: null }))).toEqual(['issued', 'seen', 'old_unused'])
  expect(way({ offline: true })).toEqual({ paid, issued, mailed: null, file_fetched: null })
  expect(way({ offline: true, fileFetchedAt: hour(9) })).toMatchObject({ file_fetched: hour(9) })
  // Nothing is still to come of what went back, and the old key may be in use again.
  const returned = { reason: 'refunded' as const, at: hour(50) }
  expect(way({ ...seen, returned })).toEqual({
    paid,
    issued,
    mailed: hour(2),
    seen: hour(3),
    refunded: hour(50),
  })
  expect(way({ returned: { ...returned, reason: 'disputed' } })).toEqual({ paid, issued, disputed: hour(50) })
})

test.each([
  [true, null, null, 'not_yet'],
  [true, new Date(0), null, 'fetched'],
  [true, new Date(0), new Date(1), 'uses'],
  [true, null, new Date(1), 'uses'],
  [false, null, null, 'to_paste'],
  [false, new Date(0), null, 'fetched'],
  [false, null, new Date(1), 'uses'],
] as const)(
  'a new key in a place (that fetches: %s, fetched %s, used %s): %s',
  (fetches, fetchedAt, usesAt, pickUp) => {
    expect(pickUpOf({ fetches, fetchedAt, usesAt })).toBe(pickUp)
  },
)

test.each([
  [null, null, false, 'not_yet'],
  [new Date(0), null, false, 'one_fetched'],
  [new Date(0), null, true, 'to_paste'],
  [new Date(0), new Date(1), true, 'uses_now'],
] as const)(
  'of plugins that share an activation (fetched %s, used %s, one uses it %s): %s',
  (fetchedAt, usesAt, taken, pickUp) => {
    expect(pickUpOf({ fetches: true, fetchedAt, usesAt, shared: { taken } })).toBe(pickUp)
  },
)

test('days ahead that a refund left unpaid before later ones are named; what is past, or comes last, is none', () => {
  const year = (at: number) => new Date(Date.UTC(2026 + at, 0, 1))
  const term = (at: number) => ({ startsAt: year(at), endsAt: year(at + 1) })
  const gap = (paid: number[], at: Date) => gapAhead(year(0), paid.map(term), at)
  const now = new Date('2026-06-01T00:00:00Z')
  expect(gap([0, 1, 2], now)).toBeNull()
  expect(gap([0, 2], now)).toEqual({ startsAt: year(1), endsAt: year(2) })
  expect(gap([2, 0], year(1))).toEqual({ startsAt: year(1), endsAt: year(2) })
  expect(gap([1], now)).toEqual({ startsAt: year(0), endsAt: year(1) })
  expect(gap([0, 2, 4], now)).toEqual({ startsAt: year(1), endsAt: year(2) })
  expect(gap([0, 2, 4], year(2))).toEqual({ startsAt: year(3), endsAt: year(4) })
  expect(gap([0, 2], year(2))).toBeNull()
  expect(gap([0], now)).toBeNull()
  expect(gap([], now)).toBeNull()
})
