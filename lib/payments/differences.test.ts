import fc from 'fast-check'
import { expect, test } from 'vitest'
import { differencesOf, isSilent, type OurCheckout, type TheirSession } from '@/lib/payments/differences'
import type { CheckoutState } from '@/lib/payments/rules'

const end = new Date('2028-03-12T00:00:00Z')
const before = new Date(end.getTime() - 1)
const line = { id: 'line', endsAt: end, termEndsAt: end, keyExpiresAt: end }
const unpaidLine = { id: 'line', endsAt: end, termEndsAt: null, keyExpiresAt: null }
const ours: OurCheckout = {
  id: 'checkout',
  sessionId: 'cs_1',
  state: 'paid',
  currency: 'eur',
  amount: 29_000,
  lines: [line],
}
const theirs: TheirSession = { id: 'cs_1', paid: true, currency: 'eur', amount: 29_000 }
const kinds = (...of: Parameters<typeof differencesOf>) => differencesOf(...of).map(({ kind }) => kind)

test('what is paid at both, for what was shown and until the day that was shown, differs in nothing', () => {
  expect(kinds(ours, theirs)).toEqual([])
  const later = {
    ...line,
    termEndsAt: new Date(end.getTime() + 1),
    keyExpiresAt: new Date(end.getTime() + 2),
  }
  expect(kinds({ ...ours, lines: [later] }, theirs)).toEqual([])
})

const unpaid: CheckoutState[] = ['open', 'on_its_way', 'expired', 'given_up', 'failed', 'not_created']

test.each(unpaid)(
  'paid at Stripe and %s here, it has no term; unpaid at both, it differs in nothing',
  (state) => {
    const one = { ...ours, state, lines: [unpaidLine] }
    expect(kinds(one, theirs)).toEqual(['paid_without_term'])
    expect(kinds(one, { ...theirs, paid: false })).toEqual([])
    expect(kinds(one, undefined)).toEqual([])
  },
)

test('one line without its term is enough, and so is a Checkout that the portal does not have', () => {
  expect(kinds({ ...ours, lines: [line, unpaidLine] }, theirs)).toEqual(['paid_without_term'])
  expect(differencesOf(undefined, theirs)).toEqual([
    { kind: 'paid_without_term', subject: 'cs_1', checkoutId: null },
  ])
  expect(kinds(undefined, { ...theirs, paid: false })).toEqual([])
})

test('paid here, and not paid or unknown at Stripe, is a term without a payment', () => {
  expect(kinds(ours, { ...theirs, paid: false })).toEqual(['term_without_payment'])
  expect(differencesOf(ours, undefined)).toEqual([
    { kind: 'term_without_payment', subject: 'cs_1', checkoutId: 'checkout' },
  ])
})

test.each([{ amount: 28_999 }, { amount: null }, { currency: 'usd' }])(
  '%j at Stripe is another amount',
  (change) => {
    expect(kinds(ours, { ...theirs, ...change })).toEqual(['amount_differs'])
  },
)

test.each([
  ['the term ends before the day that was shown', { termEndsAt: before, keyExpiresAt: end }],
  ['the key ends before the term', { keyExpiresAt: before }],
  ['there is no current key', { keyExpiresAt: null }],
])('%s: it ends early, by its line', (_, change) => {
  expect(differencesOf({ ...ours, lines: [{ ...line, ...change }] }, theirs)).toEqual([
    { kind: 'ends_early', subject: 'line', checkoutId: 'checkout' },
  ])
})

const now = new Date('2027-03-12T09:00:00Z')
const ago = (hours: number) => new Date(now.getTime() - hours * 3_600_000)

test.each([
  ['nothing was begun', null, [], false],
  ['one was begun a day and an hour ago, and nothing ever came', null, [25], true],
  ['one was begun within a day', null, [24], false],
  ['the last came before the one that was begun', 30, [25], true],
  ['the last came after it', 24.5, [25], false],
  ['the last came within a day', 24, [25], false],
  ['the last came long ago, and nothing was begun since', 400, [401], false],
] as const)('%s (the last %s hours ago, begun %j): silent is %s', (_, last, begun, silent) => {
  expect(isSilent(last === null ? null : ago(last), begun.map(ago), now)).toBe(silent)
})

test('an event within the last day is never silence', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 24 }),
      fc.array(fc.integer({ min: 0, max: 999 })),
      (last, begun) => {
        expect(isSilent(ago(last), begun.map(ago), now)).toBe(false)
      },
    ),
  )
})
