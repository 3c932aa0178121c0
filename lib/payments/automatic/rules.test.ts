import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alignment, hoursBeforeCharge, isAboutToCharge, mayRenewByItself, trialEndFor } from './rules'

const now = new Date('2027-03-01T10:00:00Z')
const hours = (count: number, from = now) => new Date(from.getTime() + count * 3_600_000)
const days = (count: number, from = now) => hours(24 * count, from)

const sold = { withdrawn: false, retired: false, revoked: null, amount: 29_000, termEndsAt: days(100) }

test.each([
  [{}, { ok: true, amount: 29_000, chargesAt: days(100) }],
  [{ withdrawn: true }, { ok: false, because: 'withdrawn' }],
  [{ retired: true }, { ok: false, because: 'retired' }],
  [{ revoked: 'leaked' }, { ok: false, because: 'revoked', reason: 'leaked' }],
  [{ amount: null }, { ok: false, because: 'no_price' }],
  [{ termEndsAt: hours(2) }, { ok: true, amount: 29_000, chargesAt: hours(2) }],
  [{ termEndsAt: hours(1.99) }, { ok: false, because: 'over' }],
  [{ termEndsAt: days(-1) }, { ok: false, because: 'over' }],
])('what %o makes of it: %o', (known, verdict) => {
  expect(mayRenewByItself({ ...sold, ...known }, now)).toEqual(verdict)
})

test.each([
  [null, false],
  [hours(hoursBeforeCharge), true],
  [hours(hoursBeforeCharge + 0.01), false],
  [hours(-1), true],
])('what charges at %s charges soon: %s', (chargesAt, soon) => {
  expect(isAboutToCharge(chargesAt, now)).toBe(soon)
})

const aligned = {
  ...{ revoked: false, disputed: false },
  ...{ withdrawn: false, retired: false, termEndsAt: days(100), refunded: false },
  ...{ onItsWayUntil: null, chargesAt: days(100), charging: null },
}

test.each([
  ['as it should be', {}, { do: 'nothing' }],
  ['renewed by hand', { termEndsAt: days(465) }, { do: 'move', to: days(465), void: false }],
  ['on its way by hand', { onItsWayUntil: days(465) }, { do: 'move', to: days(465), void: false }],
  [
    'that debit has come back',
    { termEndsAt: days(10), chargesAt: days(375) },
    { do: 'move', to: days(10), void: false },
  ],
  [
    'it came back after the end',
    { termEndsAt: days(-1), chargesAt: days(364) },
    { do: 'end', because: 'not_charged' },
  ],
  [
    'the last term was refunded',
    { termEndsAt: days(-1), chargesAt: days(364), refunded: true },
    { do: 'end', because: 'refunded' },
  ],
  [
    'charging what is due',
    { termEndsAt: now, chargesAt: days(365), charging: { from: now } },
    { do: 'nothing' },
  ],
  [
    'charging what was paid meanwhile',
    { termEndsAt: days(365), chargesAt: days(366), charging: { from: days(-1) } },
    { do: 'move', to: days(365), void: true },
  ],
  ['withdrawn', { withdrawn: true }, { do: 'end', because: 'withdrawn' }],
  ['retired', { retired: true }, { do: 'end', because: 'retired' }],
  ['revoked', { revoked: true }, { do: 'end', because: 'revoked' }],
  ['disputed', { disputed: true }, { do: 'end', because: 'disputed' }],
] as const)('%s: the next charge is brought there', (_what, known, verdict) => {
  expect(alignment({ ...aligned, ...known }, now)).toEqual(verdict)
})

const someDate = fc.date({ noInvalidDate: true, min: new Date('2020-01-01'), max: new Date('2035-01-01') })
const someFacts = fc.record({
  ...{ withdrawn: fc.boolean(), retired: fc.boolean(), refunded: fc.boolean() },
  ...{ revoked: fc.boolean(), disputed: fc.boolean() },
  ...{ termEndsAt: someDate, onItsWayUntil: fc.option(someDate), chargesAt: someDate },
  charging: fc.option(fc.record({ from: someDate })),
})

test('whatever is known, Stripe is told of no moment that has gone by, of none after what is paid, and of none beyond two years', () => {
  fc.assert(
    fc.property(someFacts, someDate, (known, at) => {
      const verdict = alignment(known, at)
      if (verdict.do !== 'move') return
      const paidUntil = Math.max(known.termEndsAt.getTime(), known.onItsWayUntil?.getTime() ?? 0)
      expect(verdict.to.getTime()).toBeGreaterThan(at.getTime())
      expect(verdict.to.getTime()).toBeLessThanOrEqual(paidUntil)
      expect(verdict.to.getTime()).toBeLessThan(days(730, at).getTime())
      expect(verdict.void).toBe(known.charging !== null)
    }),
    { numRuns: 1_000 },
  )
})

test('whatever is known, what was moved is where it should be, also on a later day on which nothing else has changed', () => {
  fc.assert(
    fc.property(someFacts, someDate, fc.integer({ min: 0, max: 2 }), (known, at, later) => {
      const verdict = alignment({ ...known, charging: null }, at)
      if (verdict.do !== 'move') return
      const moved = { ...known, charging: null, chargesAt: verdict.to }
      const then = days(later, at)
      const again = alignment(moved, then)
      const isFar =
        verdict.to.getTime() < Math.max(known.termEndsAt.getTime(), known.onItsWayUntil?.getTime() ?? 0)
      // What lies farther ahead than Stripe takes moves on with the days.
      if (isFar && later > 0) expect(again).toMatchObject({ do: 'move' })
      else expect(again).toEqual({ do: 'nothing' })
    }),
    { numRuns: 1_000 },
  )
})

test('whatever is paid, nothing is charged twice for the days of one payment', () => {
  fc.assert(
    fc.property(someFacts, someDate, (known, at) => {
      const verdict = alignment(known, at)
      const { charging, withdrawn, retired, revoked } = known
      if (!charging || withdrawn || retired || revoked) return
      const paidUntil = Math.max(known.termEndsAt.getTime(), known.onItsWayUntil?.getTime() ?? 0)
      // An invoice for days that are paid is never left to be charged, unless it has just been moved there.
      if (verdict.do === 'nothing' && paidUntil > charging.from.getTime())
        expect(known.chargesAt).toEqual(trialEndFor(new Date(paidUntil), at))
    }),
    { numRuns: 1_000 },
  )
})
