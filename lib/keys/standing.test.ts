import { expect, test } from 'vitest'
import { keysByState, noKeys, type StandingKey } from './standing'

const now = new Date('2026-11-21T10:00:00Z')
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000)

/** A subscription's key in use, whose term ends in 200 days, with what is otherwise. */
function key(otherwise: Partial<StandingKey> = {}): StandingKey {
  return {
    productId: 'forms',
    kind: 'subscription',
    issuedAt: inDays(-100),
    startsAt: inDays(-100),
    termEndsAt: inDays(200),
    expiresAt: inDays(214),
    renewedAt: null,
    replacedAt: null,
    followsId: null,
    firstSeenAt: inDays(-99),
    revoked: false,
    ...otherwise,
  }
}
const ended = { termEndsAt: inDays(-60), expiresAt: inDays(-46) }

test('keys that work count by their state', () => {
  const keys = [
    key(),
    key({ productId: 'a', termEndsAt: inDays(12), expiresAt: inDays(26) }),
    key({ productId: 'b', termEndsAt: inDays(-2), expiresAt: inDays(12) }),
    key({ productId: 'c', kind: 'permanent', termEndsAt: null, expiresAt: null }),
  ]
  expect(keysByState(keys, now)).toEqual({ ...noKeys, active: 2, expiring: 1, overdue: 1 })
})

test('a key that works only later does not count, and leaves what ended to count', () => {
  const ahead = key({ issuedAt: inDays(-1), startsAt: inDays(30) })
  expect(keysByState([key({ revoked: true }), ahead], now)).toEqual({ ...noKeys, revoked: 1 })
  expect(keysByState([key(), ahead], now)).toEqual({ ...noKeys, active: 1 })
})

test('a renewed key and the new one that waits for GLPI count once, as waiting', () => {
  const keys = [
    key({ termEndsAt: inDays(5), expiresAt: inDays(19), renewedAt: inDays(-3) }),
    key({ issuedAt: inDays(-3), followsId: 'old', firstSeenAt: null }),
  ]
  expect(keysByState(keys, now)).toEqual({ ...noKeys, waiting: 1 })
})

test('once the new key was seen it counts as active, and the old one no longer', () => {
  const keys = [
    key({ renewedAt: inDays(-3), replacedAt: inDays(-1) }),
    key({ issuedAt: inDays(-3), followsId: 'old' }),
  ]
  expect(keysByState(keys, now)).toEqual({ ...noKeys, active: 1 })
})

test('trials that run are given by their ends, the next one first', () => {
  const trial = (productId: string, days: number) =>
    key({ productId, kind: 'trial', termEndsAt: null, expiresAt: inDays(days) })
  const keys = [trial('a', 20), trial('b', 9)]
  expect(keysByState(keys, now)).toEqual({ ...noKeys, trials: [inDays(9), inDays(20)] })
})

test('a trial that is over lacks nothing', () => {
  expect(keysByState([key({ kind: 'trial', termEndsAt: null, expiresAt: inDays(-3) })], now)).toEqual(noKeys)
})

test('an ended key counts, unless something newer of its product works', () => {
  expect(keysByState([key(ended)], now)).toEqual({ ...noKeys, expired: 1 })
  expect(keysByState([key(ended), key({ issuedAt: inDays(-10) })], now)).toEqual({ ...noKeys, active: 1 })
})

test('of several ended keys of a product the newest alone counts', () => {
  const keys = [key({ ...ended, issuedAt: inDays(-500) }), key({ revoked: true, issuedAt: inDays(-50) })]
  expect(keysByState(keys, now)).toEqual({ ...noKeys, revoked: 1 })
})
