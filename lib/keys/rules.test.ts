import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Kind } from '@/lib/keys/format'
import {
  expiringDays,
  type KeyFacts,
  keyStates,
  mayExtend,
  mayExtendTo,
  mayRevoke,
  mayWorkBeside,
  stateOf,
  stopsAt,
  waitsUrgently,
  works,
} from '@/lib/keys/rules'

const day = 86_400_000
const now = new Date('2027-03-01T00:00:00Z')
const days = (count: number) => new Date(now.getTime() + count * day)
const key = (facts: Partial<KeyFacts>): KeyFacts => ({
  revoked: false,
  startsAt: days(-100),
  expiresAt: days(100),
  termEndsAt: days(86),
  renewedAt: null,
  replacedAt: null,
  ...facts,
})

test.each([
  ['active', key({})],
  ['expiring', key({ termEndsAt: days(30) })],
  ['active', key({ termEndsAt: new Date(days(30).getTime() + 1) })],
  ['overdue', key({ termEndsAt: now, expiresAt: days(14) })],
  ['expired', key({ termEndsAt: days(-14), expiresAt: now })],
  ['overdue', key({ termEndsAt: days(-14), expiresAt: new Date(now.getTime() + 1) })],
  ['renewed', key({ termEndsAt: now, renewedAt: now })],
  ['replaced', key({ renewedAt: now, replacedAt: now })],
  ['expired', key({ renewedAt: now, replacedAt: now, expiresAt: days(-1) })],
  ['revoked', key({ revoked: true, expiresAt: days(-1) })],
  ['revoked', key({ revoked: true, startsAt: days(1) })],
  ['not_started', key({ startsAt: new Date(now.getTime() + 1) })],
  ['not_started', key({ startsAt: days(1), renewedAt: now, replacedAt: now })],
  ['active', key({ startsAt: now })],
  ['active', key({ termEndsAt: null, expiresAt: null })],
  ['expiring', key({ termEndsAt: null, expiresAt: days(15) })],
] as const)('a key is %s: %o', (state, facts) => {
  expect(stateOf(facts, now)).toBe(state)
})

const moment = fc.integer({ min: -500, max: 500 }).map(days)
const facts: fc.Arbitrary<KeyFacts> = fc.record({
  revoked: fc.boolean(),
  startsAt: moment,
  expiresAt: fc.option(moment),
  termEndsAt: fc.option(moment),
  renewedAt: fc.option(moment),
  replacedAt: fc.option(moment),
})

test('a key works exactly while it is not revoked, its start has come and its end has not', () => {
  fc.assert(
    fc.property(facts, moment, (one, at) => {
      const alive = !one.revoked && one.startsAt <= at && (one.expiresAt === null || at < one.expiresAt)
      expect(works(stateOf(one, at))).toBe(alive)
    }),
    { numRuns: 2_000 },
  )
})

test('as time goes on and nobody does anything, a state never goes back', () => {
  const order = ['active', 'expiring', 'overdue', 'expired']
  fc.assert(
    fc.property(facts, moment, moment, (one, a, b) => {
      const [earlier, later] = a < b ? [a, b] : [b, a]
      const before = stateOf(one, earlier)
      const after = stateOf(one, later)
      // What begins may be anything then.
      if (before === 'not_started') return
      if (order.includes(before)) expect(order.indexOf(after)).toBeGreaterThanOrEqual(order.indexOf(before))
      else expect([before, 'expired']).toContain(after)
    }),
    { numRuns: 2_000 },
  )
})

test('each state is listed once', () => {
  expect(new Set(keyStates).size).toBe(8)
  expect(expiringDays).toBe(30)
})

test('only a key that still works, or will, may be revoked', () => {
  fc.assert(
    fc.property(facts, moment, (one, at) => {
      const state = stateOf(one, at)
      const because = state === 'revoked' ? 'already_revoked' : 'already_expired'
      expect(mayRevoke(one, at)).toEqual(
        works(state) || state === 'not_started' ? { ok: true } : { ok: false, because },
      )
    }),
  )
})

test('a key stops working at its revocation, or else at its end, or never', () => {
  expect(stopsAt({ expiresAt: days(1), revokedAt: now })).toEqual(now)
  expect(stopsAt({ expiresAt: days(1), revokedAt: null })).toEqual(days(1))
  expect(stopsAt({ expiresAt: null, revokedAt: null })).toBeNull()
})

test('a key is extended to a later day, unless it never ends or is revoked', () => {
  expect(mayExtend(key({}), days(101))).toEqual({ ok: true })
  expect(mayExtend(key({ expiresAt: days(-5) }), days(5))).toEqual({ ok: true })
  expect(mayExtend(key({}), days(100))).toEqual({ ok: false, because: 'not_later' })
  expect(mayExtend(key({ expiresAt: null }), days(100))).toEqual({ ok: false, because: 'never_ends' })
  expect(mayExtend(key({ revoked: true }), days(101))).toEqual({ ok: false, because: 'already_revoked' })
})

test('an account manager extends to the 90th day after the last that is paid, or after today', () => {
  const no = { ok: false, because: 'needs_admin_extension', days: 90 }
  // Ten in the morning in Paris, on the day before the clocks go forward there.
  const at = new Date('2027-03-27T09:00:00Z')
  for (const [timeZone, termEndsAt, last] of [
    // Paid until 31 March, which with 90 days is until 29 June.
    ['Europe/Paris', '2027-04-01T00:00+02:00', '2027-06-30T00:00+02:00'],
    ['America/New_York', '2027-04-01T00:00-04:00', '2027-06-30T00:00-04:00'],
    // Over, or never paid: 90 days after 27 March is 25 June.
    ['Europe/Paris', '2027-03-01T00:00+01:00', '2027-06-26T00:00+02:00'],
    ['Europe/Paris', '2027-03-27T00:00+01:00', '2027-06-26T00:00+02:00'],
    ['Europe/Paris', null, '2027-06-26T00:00+02:00'],
    // Paid until the end of today.
    ['Europe/Paris', '2027-03-28T00:00+01:00', '2027-06-26T00:00+02:00'],
  ] as const) {
    const key = { termEndsAt: termEndsAt && new Date(termEndsAt) }
    const may = (role: string, until: number) => mayExtendTo(role, key, new Date(until), at, timeZone)
    const end = Date.parse(last)
    expect(may('manager', end), `${timeZone} ${termEndsAt}`).toEqual({ ok: true })
    expect(may('manager', end + 1), `${timeZone} ${termEndsAt}`).toEqual(no)
    expect(may('admin', end + 4_000 * day)).toEqual({ ok: true })
    expect(may('system', end + 4_000 * day)).toEqual({ ok: true })
  }
})

test('beside a key that works, and that no other has followed, an account manager issues none; a trial is replaced', () => {
  const other = (kind: Kind, more: Partial<KeyFacts> = {}) => ({ kind, shortId: 'K-7QF3XM', ...key(more) })
  const no = { ok: false, because: 'needs_admin_second_key', shortId: 'K-7QF3XM' }
  expect(mayWorkBeside([], now)).toEqual({ ok: true })
  fc.assert(
    fc.property(facts, moment, fc.constantFrom('subscription', 'trial', 'permanent'), (one, at, kind) => {
      const counts =
        kind !== 'trial' && ['not_started', 'active', 'expiring', 'overdue'].includes(stateOf(one, at))
      expect(mayWorkBeside([other(kind, one)], at)).toEqual(counts ? no : { ok: true })
    }),
    { numRuns: 2_000 },
  )
  expect(mayWorkBeside([other('permanent', { termEndsAt: days(20) })], now)).toEqual(no)
  const ended = { ...other('subscription', { revoked: true }), shortId: 'K-000000' }
  const tried = { ...other('trial'), shortId: 'K-000001' }
  expect(mayWorkBeside([ended, tried, other('subscription')], now)).toEqual(no)
})

test('a new key is urgent while the old one stops, unless a file stands for it or the old one had stopped before', () => {
  const facts = { issuedAt: new Date('2027-01-01'), oldStopsAt: new Date('2027-03-12'), offline: false }
  const urgent = (at: string, changes: Partial<typeof facts> = {}) =>
    waitsUrgently({ ...facts, ...changes }, new Date(at))
  expect(urgent('2027-03-10T23:59:59Z')).toBe(false)
  expect(urgent('2027-03-11T00:00:00Z')).toBe(true)
  expect(urgent('2027-03-18T23:59:59Z')).toBe(true)
  expect(urgent('2027-03-19T00:00:00Z')).toBe(false)
  expect(urgent('2027-03-12T00:00:00Z', { offline: true })).toBe(false)
  expect(urgent('2027-03-12T00:00:00Z', { issuedAt: facts.oldStopsAt })).toBe(false)
  expect(waitsUrgently({ ...facts, oldStopsAt: null }, new Date('2027-03-12'))).toBe(false)
})
