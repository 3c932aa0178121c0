import { expect, test } from 'vitest'
import { isOpen, mayAccept, mayCeaseToOwn, mayCreateToken, tokenState } from './rules'

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
