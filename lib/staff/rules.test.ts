import { expect, test } from 'vitest'
import { mayExtendTo, mayIssueTerm } from './rules'

const now = new Date('2026-11-21T10:00:00Z')
const inDays = (days: number, from = now) => new Date(from.getTime() + days * 86_400_000)

test('an account manager issues terms of up to three years, others any', () => {
  expect(mayIssueTerm('manager', 36)).toEqual({ ok: true })
  expect(mayIssueTerm('manager', 37)).toEqual({ ok: false, because: 'needs_admin_months', months: 36 })
  for (const role of ['admin', 'system']) expect(mayIssueTerm(role, 60)).toEqual({ ok: true })
})

test('an account manager extends by up to 90 days after the term, or from today where there is none or it is over', () => {
  const no = { ok: false, because: 'needs_admin_extension', days: 90 }
  const end = inDays(200)
  for (const [termEndsAt, from] of [
    [end, end],
    [inDays(-200), now],
    [null, now],
  ] as const) {
    expect(mayExtendTo('manager', { termEndsAt }, inDays(91, from), now)).toEqual({ ok: true })
    expect(mayExtendTo('manager', { termEndsAt }, inDays(91.1, from), now)).toEqual(no)
    expect(mayExtendTo('admin', { termEndsAt }, inDays(4_000, from), now)).toEqual({ ok: true })
    expect(mayExtendTo('system', { termEndsAt }, inDays(4_000, from), now)).toEqual({ ok: true })
  }
})
