import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type CheckoutEnd,
  type CheckoutState,
  checkoutEffect,
  checkoutState,
  eventSubjects,
  mayPay,
  type PayableFacts,
  type SessionFacts,
  subjectOf,
} from '@/lib/payments/rules'

const ends: CheckoutEnd[] = ['paid', 'expired', 'given_up', 'failed', 'not_created']

const now = new Date('2027-03-12T09:00:00Z')
const later = new Date(now.getTime() + 1)
const payable: PayableFacts = {
  withdrawn: false,
  retired: false,
  amount: 29_000,
  lastStartsAt: now,
  openCheckoutId: null,
}

test('what runs, is sold and is not being paid may be paid, for what it costs', () => {
  expect(mayPay(payable, now)).toEqual({ ok: true, amount: 29_000 })
})

/** What stands in the way, from what is said first to what is said last. */
const obstacles: [because: string, facts: Partial<PayableFacts>][] = [
  ['being_paid', { openCheckoutId: 'a Checkout' }],
  ['withdrawn', { withdrawn: true }],
  ['retired', { retired: true }],
  ['paid_ahead', { lastStartsAt: later }],
  ['no_price', { amount: null }],
]
/** Each choice of them that is not none. */
const together = Array.from({ length: 2 ** obstacles.length - 1 }, (_, chosen) =>
  obstacles.filter((_, index) => (chosen + 1) & (1 << index)),
)

test.each(together)('of what stands in the way the first is said: %s', (...standing) => {
  const [first] = standing
  const verdict = mayPay(Object.assign({}, payable, ...standing.map(([, facts]) => facts)), now)
  expect(verdict).toEqual({
    ok: false,
    because: first?.[0],
    ...(first?.[0] === 'being_paid' && { checkoutId: 'a Checkout' }),
  })
})

test('a term that begins this very moment is paid ahead no longer', () => {
  expect(mayPay({ ...payable, lastStartsAt: now }, now).ok).toBe(true)
  expect(mayPay({ ...payable, lastStartsAt: later }, now)).toEqual({ ok: false, because: 'paid_ahead' })
  expect(mayPay({ ...payable, lastStartsAt: later }, later).ok).toBe(true)
})

test('a Checkout is open until somebody is done with it, on its way until it has ended, and then as it ended', () => {
  expect(checkoutState({ completedAt: null, ended: null })).toBe('open')
  expect(checkoutState({ completedAt: now, ended: null })).toBe('on_its_way')
  for (const ended of ends)
    for (const completedAt of [null, now]) expect(checkoutState({ completedAt, ended })).toBe(ended)
})

const states: CheckoutState[] = ['open', 'on_its_way', ...ends]
type Effect = ReturnType<typeof checkoutEffect>

/**
 * What Stripe can say of a session, C complete, E expired, P paid, F failed, and what becomes of a Checkout that was open, that
 * was on its way, and of one that had ended unpaid. One that was paid stays so.
 */
const table: [said: string, open: Effect, onItsWay: Effect, ended: Effect][] = [
  ['    ', null, null, null],
  ['C   ', 'completed', null, null],
  [' E  ', 'expired', 'expired', null],
  ['CE  ', 'expired', 'expired', null],
  ['  P ', 'paid', 'paid', 'paid'],
  ['C P ', 'paid', 'paid', 'paid'],
  [' EP ', 'paid', 'paid', 'paid'],
  ['CEP ', 'paid', 'paid', 'paid'],
  ['   F', 'failed', 'failed', null],
  ['C  F', 'failed', 'failed', null],
  [' E F', 'failed', 'failed', null],
  ['CE F', 'failed', 'failed', null],
  ['  PF', 'paid', 'paid', 'paid'],
  ['C PF', 'paid', 'paid', 'paid'],
  [' EPF', 'paid', 'paid', 'paid'],
  ['CEPF', 'paid', 'paid', 'paid'],
]
const factsOf = (said: string): SessionFacts => ({
  complete: said.includes('C'),
  expired: said.includes('E'),
  paid: said.includes('P'),
  failed: said.includes('F'),
})

test('the table has everything that Stripe can say, once', () => {
  expect(new Set(table.map(([said]) => JSON.stringify(factsOf(said)))).size).toBe(2 ** 4)
})

test.each(table)(
  'of a session that is %j the effect is %s when open, %s when on its way, %s when ended',
  (said, open, onItsWay, ended) => {
    const effects = states.map((before) => [before, checkoutEffect(before, factsOf(said))])
    expect(Object.fromEntries(effects)).toEqual({
      open,
      on_its_way: onItsWay,
      paid: null,
      expired: ended,
      given_up: ended,
      failed: ended,
      not_created: ended,
    })
  },
)

const facts = fc.record({
  complete: fc.boolean(),
  expired: fc.boolean(),
  paid: fc.boolean(),
  failed: fc.boolean(),
})

test('told again, in whatever order, once paid is paid once, and nothing takes it back', () => {
  fc.assert(
    fc.property(fc.constantFrom(...states), fc.array(facts, { maxLength: 8 }), (first, sessions) => {
      let state = first
      let issued = 0
      for (const session of sessions) {
        const effect = checkoutEffect(state, session)
        if (effect === 'paid') issued++
        if (effect) {
          state = afterOf(effect)
          expect(checkoutEffect(state, session)).toBeNull()
        }
      }
      const wasPaid = sessions.some(({ paid }) => paid)
      expect(issued).toBe(wasPaid && first !== 'paid' ? 1 : 0)
      if (wasPaid) expect(state).toBe('paid')
    }),
  )
})

const afterOf = (effect: NonNullable<Effect>): CheckoutState =>
  effect === 'completed' ? 'on_its_way' : effect

test('an event of a Checkout session is about a Checkout; another, and what an object has by itself, is about nothing', () => {
  // https://docs.stripe.com/api/events/types: all of them that begin with checkout.
  const types = ['async_payment_failed', 'async_payment_succeeded', 'completed', 'expired'].map(
    (what) => `checkout.session.${what}`,
  )
  expect(Object.keys(eventSubjects).sort()).toEqual(types)
  for (const type of types) expect(subjectOf(type)).toBe('checkout')
  for (const type of [
    'checkout.session',
    'Checkout.session.completed',
    'payment_intent.succeeded',
    'toString',
    '__proto__',
    '',
  ])
    expect(subjectOf(type)).toBeUndefined()
})
