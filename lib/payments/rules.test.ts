import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type CheckoutEnd,
  type CheckoutState,
  checkoutEffect,
  checkoutState,
  eventSubjects,
  invoiceState,
  isDueBy,
  mayPay,
  type PayableFacts,
  type Returned,
  type ReturnFacts,
  returnedOf,
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
  revoked: null,
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
  ['revoked', { revoked: { reason: 'non_payment', keyExpiresAt: later } }],
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
    ...(first?.[0] === 'revoked' && { reason: 'non_payment' }),
  })
})

test('what was revoked may be taken up again once its key would have ended, unless the terms were violated', () => {
  const after = (reason: string) => mayPay({ ...payable, revoked: { reason, keyExpiresAt: now } }, now)
  expect(after('non_payment').ok).toBe(true)
  expect(after('terms_violated')).toEqual({ ok: false, because: 'revoked', reason: 'terms_violated' })
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

test('each type of event that has an effect is about what Stripe sends with it; another is about nothing', () => {
  // https://docs.stripe.com/api/events/types: what each of them is described to hold.
  const abouts = {
    checkout: ['async_payment_failed', 'async_payment_succeeded', 'completed', 'expired'].map(
      (what) => `checkout.session.${what}`,
    ),
    invoice: [
      'created',
      'finalized',
      'marked_uncollectible',
      'overdue',
      'paid',
      'payment_failed',
      'voided',
    ].map((what) => `invoice.${what}`),
    charge: ['charge.refunded'],
    refund: ['created', 'failed', 'updated'].map((what) => `refund.${what}`),
    credit_note: ['created', 'updated', 'voided'].map((what) => `credit_note.${what}`),
    dispute: ['closed', 'created', 'funds_reinstated', 'funds_withdrawn', 'updated'].map(
      (what) => `charge.dispute.${what}`,
    ),
    subscription: ['created', 'deleted', 'paused', 'updated'].map((what) => `customer.subscription.${what}`),
    customer: ['customer.deleted', 'customer.updated'],
  }
  expect(Object.keys(eventSubjects).sort()).toEqual(Object.values(abouts).flat().sort())
  for (const [about, types] of Object.entries(abouts))
    for (const type of types) expect(subjectOf(type)).toBe(about)
  for (const { effect } of Object.values(eventSubjects)) expect(effect).not.toBe('')
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

const soon = new Date(now.getTime() + 1)
const invoice = { status: 'open', amountPaid: 0, refunded: 0, lost: 0, dueAt: null } as const

test.each([
  ['open', {}],
  ['open', { dueAt: soon }],
  ['overdue', { dueAt: now }],
  ['paid', { status: 'paid', amountPaid: 100, dueAt: now }],
  ['paid', { status: 'paid' }],
  ['refunded_in_part', { status: 'paid', amountPaid: 100, refunded: 1 }],
  ['refunded_in_part', { status: 'paid', amountPaid: 100, refunded: 99 }],
  ['refunded', { status: 'paid', amountPaid: 100, refunded: 100 }],
  ['charged_back', { status: 'paid', amountPaid: 100, refunded: 50, lost: 50 }],
  ['charged_back', { status: 'paid', amountPaid: 100, lost: 100 }],
  ['void', { status: 'void', dueAt: now }],
  ['uncollectible', { status: 'uncollectible', dueAt: now, refunded: 1 }],
] as const)('an invoice is %s where it is %j', (state, facts) => {
  expect(invoiceState({ ...invoice, ...facts }, now)).toBe(state)
})

/** Two lines, with the tax on top: 120 and 60 were paid. */
const lines = [
  { id: 'a', amount: 100, tax: 20 },
  { id: 'b', amount: 50, tax: 10 },
]
const kept: ReturnFacts = { amountPaid: 180, refunded: 0, lines, credited: [], disputes: [] }
const nothing = { refunded: [], disputed: [], unnamed: 0 }
const credit = (lineId: string | null, amount: number) => ({ lineId, amount })

test.each<[what: string, facts: Partial<ReturnFacts>, Partial<Returned>]>([
  ['nothing', {}, {}],
  ['everything', { refunded: 180 }, { refunded: ['a', 'b'] }],
  ['everything, named or not', { refunded: 180, credited: [credit('a', 100)] }, { refunded: ['a', 'b'] }],
  ['nothing of an invoice of nothing', { amountPaid: 0 }, {}],
  ['a part that names no line', { refunded: 120 }, { unnamed: 120 }],
  ['a part that names something else', { refunded: 120, credited: [credit(null, 100)] }, { unnamed: 120 }],
  ['a line', { refunded: 120, credited: [credit('a', 100)] }, { refunded: ['a'] }],
  ['a line in two', { refunded: 120, credited: [credit('a', 60), credit('a', 40)] }, { refunded: ['a'] }],
  ['a line, before its money has gone back', { credited: [credit('b', 50)] }, { refunded: ['b'] }],
  ['less than a line', { refunded: 119, credited: [credit('a', 99)] }, { unnamed: 119 }],
  ['a line and a part', { refunded: 130, credited: [credit('a', 100)] }, { refunded: ['a'], unnamed: 10 }],
  ['what is disputed', { disputes: [{ status: 'needs_response', amount: 180 }] }, {}],
  ['a dispute that was won', { disputes: [{ status: 'won', amount: 180 }] }, {}],
  ['a dispute that was lost', { disputes: [{ status: 'lost', amount: 180 }] }, { disputed: ['a', 'b'] }],
  [
    'the rest, lost in a dispute',
    { refunded: 120, credited: [credit('a', 100)], disputes: [{ status: 'lost', amount: 60 }] },
    { refunded: ['a'], disputed: ['b'] },
  ],
  ['a part, lost in a dispute', { disputes: [{ status: 'lost', amount: 60 }] }, { unnamed: 60 }],
])('of an invoice of which there went back %s the rule says which lines', (_what, facts, expected) => {
  expect(returnedOf({ ...kept, ...facts })).toEqual({ ...nothing, ...expected })
})

test('a line of nothing is refunded with the whole alone', () => {
  const free = { ...kept, lines: [...lines, { id: 'c', amount: 0, tax: 0 }] }
  expect(returnedOf({ ...free, credited: [credit('c', 0)] }).refunded).toEqual([])
  expect(returnedOf({ ...free, refunded: 180 }).refunded).toEqual(['a', 'b', 'c'])
})

test('no line is refunded of which not all its money has gone back or is credited, whatever is said', () => {
  const credits = fc.array(
    fc.record({ lineId: fc.constantFrom('a', 'b', null), amount: fc.integer({ min: 0, max: 100 }) }),
    { maxLength: 4 },
  )
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), credits, (refunded, credited) => {
      const found = returnedOf({ ...kept, refunded, credited })
      for (const { id, amount } of lines) {
        const named = credited.reduce((sum, one) => sum + (one.lineId === id ? one.amount : 0), 0)
        expect(found.refunded.includes(id)).toBe(refunded >= 180 || named >= amount)
      }
      expect(found.unnamed).toBeLessThanOrEqual(refunded)
    }),
  )
})

test('due is what ends within so many days and what has ended while its key works, not what lapsed before', () => {
  const day = (count: number) => new Date(Date.UTC(2026, 10, 22 + count))
  const due = (ends: number) => isDueBy({ termEndsAt: day(ends), keyExpiresAt: day(ends + 15) }, day(0), 30)
  expect([31, 30, 1, 0, -14, -15, -280].map(due)).toEqual([false, true, true, true, true, false, false])
})
