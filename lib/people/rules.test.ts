import { describe, expect, test } from 'vitest'
import { isAlive, mayComplete, mayConfirm, safeReturnTo } from './rules'

const origin = 'https://portal.example.com'

const hostile = [
  'https://evil.example',
  'http://portal.example.com/acme',
  'https://portal.example.com/acme',
  'https://portal.example.com@evil.example/',
  'https://portal.example.com.evil.example/',
  '//evil.example',
  '///evil.example',
  '////evil.example/a',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\t//evil.example',
  '/\r\n/evil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/acme/..//evil.example',
  '/acme/../..//evil.example',
  '/./\\evil.example',
  '/%2e//evil.example',
  '/%2e%2e//evil.example',
  'javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  ' https://evil.example',
  ' //evil.example',
  'evil.example',
  '@evil.example',
  '?to=//evil.example',
  '#//evil.example',
  '//portal.example.com:8443/acme',
  'https:evil.example',
  '/sign-in',
  '/sign-in/link?token=x',
  '',
]

test(`no address outside the portal is followed (${hostile.length} tried)`, () => {
  for (const address of hostile) {
    const path = safeReturnTo(address, origin)
    // What is answered must stay here when a browser resolves it, whatever it was made of.
    if (path !== null) expect(new URL(path, origin).origin, address).toBe(origin)
    expect(path, address).toBeNull()
  }
})

test.each([
  ['/acme', '/acme'],
  ['/acme/keys?state=expiring&q=%C3%A9', '/acme/keys?state=expiring&q=%C3%A9'],
  ['/acme/../other', '/other'],
  ['/acme?next=//evil.example', '/acme?next=//evil.example'],
  ['//user:pass@portal.example.com/acme', '/acme'],
  ['/sign-insurance', '/sign-insurance'],
  ['/acme/sign-in', '/acme/sign-in'],
  [null, null],
  [undefined, null],
])('%s leads to %s', (address, path) => {
  expect(safeReturnTo(address, origin)).toBe(path)
})

describe('a session', () => {
  const began = new Date('2026-03-01T08:00:00Z')
  const at = (hours: number) => new Date(began.getTime() + hours * 3_600_000)
  const session = (lastUsed: number) => ({ lastUsedAt: at(lastUsed), expires: at(30 * 24) })

  test('ends 12 hours after it was last used', () => {
    expect(isAlive(session(0), at(11.99))).toBe(true)
    expect(isAlive(session(0), at(12))).toBe(false)
  })

  test('ends after 30 days, however often it was used', () => {
    expect(isAlive(session(30 * 24 - 1), at(30 * 24 - 0.01))).toBe(true)
    expect(isAlive(session(30 * 24 - 1), at(30 * 24))).toBe(false)
  })
})

test('what was asked for is good until its time is over, once, for five wrong codes', () => {
  const expiresAt = new Date('2026-03-01T08:10:00Z')
  const now = new Date('2026-03-01T08:09:59Z')
  const asked = { expiresAt, usedAt: null, tries: 4 }
  expect(mayComplete(asked, now)).toEqual({ ok: true })
  expect(mayComplete(asked, expiresAt)).toEqual({ ok: false, because: 'expired' })
  expect(mayComplete({ ...asked, usedAt: now }, now)).toEqual({ ok: false, because: 'used' })
  expect(mayComplete({ ...asked, tries: 5 }, now)).toEqual({ ok: false, because: 'too_many_tries' })
})

describe('the link of a change of address', () => {
  const expiresAt = new Date('2026-03-01T09:00:00Z')
  const now = new Date('2026-03-01T08:59:59Z')
  const asked = { expiresAt, oldConfirmedAt: null, newConfirmedAt: null, withdrawnAt: null }
  const no = (because: string) => ({ ok: false, because })

  test('is good until its hour is over, once for each side, in either order', () => {
    for (const side of ['old', 'new'] as const) {
      expect(mayConfirm(asked, side, now)).toEqual({ ok: true })
      expect(mayConfirm(asked, side, expiresAt)).toEqual(no('email_change_expired'))
    }
    const byOld = { ...asked, oldConfirmedAt: now }
    expect(mayConfirm(byOld, 'old', now)).toEqual(no('email_change_confirmed'))
    expect(mayConfirm(byOld, 'new', now)).toEqual({ ok: true })
    const byNew = { ...asked, newConfirmedAt: now }
    expect(mayConfirm(byNew, 'new', now)).toEqual(no('email_change_confirmed'))
    expect(mayConfirm(byNew, 'old', now)).toEqual({ ok: true })
  })

  test('says what has become of the change: made before taken back, taken back before expired', () => {
    expect(mayConfirm({ ...asked, oldConfirmedAt: now, newConfirmedAt: now }, 'old', expiresAt)).toEqual(
      no('email_change_done'),
    )
    expect(mayConfirm({ ...asked, withdrawnAt: now }, 'new', expiresAt)).toEqual(no('email_change_withdrawn'))
    expect(mayConfirm({ ...asked, oldConfirmedAt: now }, 'old', expiresAt)).toEqual(
      no('email_change_expired'),
    )
  })
})
