import fc from 'fast-check'
import { expect, test } from 'vitest'
import { later as after, startOfDay, weekday } from './calendar'
import {
  isOpen,
  mayAccept,
  mayAnswerJoin,
  mayCeaseToOwn,
  mayCreateToken,
  ownersDecideUntil,
  tokenState,
} from './rules'

const now = new Date('2026-03-02T09:00:00Z')
const later = new Date(now.getTime() + 1)
const invitation = { email: 'ada@acme.example', expiresAt: later, acceptedAt: null, withdrawnAt: null }
const ada = { email: 'ada@acme.example', emailVerified: now, worksForVendor: false }

test.each([
  ['owner', 0, { ok: false, because: 'last_owner' }],
  ['owner', 1, { ok: true }],
  ['technical', 0, { ok: true }],
] as const)('an %s beside %i other owners', (role, others, verdict) => {
  expect(mayCeaseToOwn({ role }, others)).toEqual(verdict)
})

test.each([
  [{}, { ok: true }],
  [{ acceptedAt: now }, { ok: false, because: 'invitation_used' }],
  [{ withdrawnAt: now }, { ok: false, because: 'invitation_withdrawn' }],
  [{ expiresAt: now }, { ok: false, because: 'invitation_expired' }],
  [
    { withdrawnAt: now, expiresAt: now },
    { ok: false, because: 'invitation_withdrawn' },
  ],
  [
    { acceptedAt: now, expiresAt: now },
    { ok: false, because: 'invitation_used' },
  ],
] as const)('an invitation with %o is %o', (facts, verdict) => {
  expect(isOpen({ ...invitation, ...facts }, now)).toEqual(verdict)
  expect(mayAccept({ ...invitation, ...facts }, ada, now)).toEqual(verdict)
})

test('another address is told that, whatever else there is; an address that nobody confirmed is no one’s', () => {
  const other = { email: 'eve@acme.example', emailVerified: now, worksForVendor: true }
  for (const facts of [{}, { acceptedAt: now }, { withdrawnAt: now }, { expiresAt: now }]) {
    const because = 'invitation_other_address'
    expect(mayAccept({ ...invitation, ...facts }, other, now)).toEqual({ ok: false, because })
  }
  const because = 'invitation_unconfirmed'
  expect(mayAccept(invitation, { ...ada, emailVerified: null }, now)).toEqual({ ok: false, because })
})

test('who works for the vendor is told that before all that they could change', () => {
  const because = 'works_for_vendor'
  for (const facts of [{}, { withdrawnAt: now }, { expiresAt: now }])
    for (const emailVerified of [now, null])
      expect(
        mayAccept({ ...invitation, ...facts }, { ...ada, emailVerified, worksForVendor: true }, now),
      ).toEqual({ ok: false, because })
})

test.each([
  [19, { ok: true }],
  [20, { ok: false, because: 'tokens_full' }],
  [21, { ok: false, because: 'tokens_full' }],
] as const)('one more token beside %i that work', (working, verdict) => {
  expect(mayCreateToken(working)).toEqual(verdict)
})

test.each([
  [{}, 'working'],
  [{ expiresAt: now }, 'expired'],
  [{ revokedAt: now }, 'revoked'],
  [{ expiresAt: now, revokedAt: now }, 'revoked'],
] as const)('a token with %j', (changes, state) => {
  expect(tokenState({ expiresAt: later, revokedAt: null, ...changes }, now)).toBe(state)
})

test.each([
  ['a Monday', '2026-03-02T09:00:00Z', 'Europe/Paris', '2026-03-04T23:00:00Z'],
  ['a Wednesday', '2026-03-04T09:00:00Z', 'Europe/Paris', '2026-03-06T23:00:00Z'],
  ['a Thursday', '2026-03-05T09:00:00Z', 'Europe/Paris', '2026-03-09T23:00:00Z'],
  ['a Friday', '2026-03-06T09:00:00Z', 'Europe/Paris', '2026-03-10T23:00:00Z'],
  ['a Saturday', '2026-03-07T09:00:00Z', 'Europe/Paris', '2026-03-10T23:00:00Z'],
  ['a Sunday that is Monday there', '2026-03-08T23:30:00Z', 'Europe/Paris', '2026-03-11T23:00:00Z'],
  ['a Friday over a change of the clock', '2026-03-27T09:00:00Z', 'Europe/Paris', '2026-03-31T22:00:00Z'],
] as const)('who asks to join on %s has the owners decide until then', (_, asked, timeZone, until) => {
  expect(ownersDecideUntil(new Date(asked), timeZone)).toEqual(new Date(until))
})

test('the owners have two whole working days, and no weekend is one', () => {
  const moments = fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
  const zones = fc.constantFrom('Europe/Paris', 'America/Santiago', 'Asia/Kolkata', 'Pacific/Apia', 'UTC')
  fc.assert(
    fc.property(moments, zones, (asked, timeZone) => {
      const until = ownersDecideUntil(asked, timeZone)
      const days: number[] = []
      for (let day = startOfDay(asked, timeZone); ; ) {
        day = after(day, timeZone, { days: 1 })
        if (day >= until) break
        days.push(weekday(day, timeZone))
      }
      expect(days.filter((day) => day <= 5)).toHaveLength(2)
      expect(days.at(-1)).toBeLessThanOrEqual(5)
    }),
  )
})

test('an owner may answer at any time, staff from the moment on when the owners’ days are over', () => {
  const because = { ok: false, because: 'owners_first', until: later }
  expect(mayAnswerJoin(false, later, now)).toEqual({ ok: true })
  expect(mayAnswerJoin(true, later, now)).toEqual(because)
  expect(mayAnswerJoin(true, now, now)).toEqual({ ok: true })
})
