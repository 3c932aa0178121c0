import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BuyableFacts, mayBuy } from './rules'

const now = new Date('2027-03-12T09:00:00Z')
const later = new Date(now.getTime() + 1)

const buyable: BuyableFacts = {
  ...{ openSource: false, withdrawn: false, permanent: false, retired: false, amount: 29_000 },
  ...{ openCheckoutId: null, held: null, suite: null, chosenSuite: null },
}
const held = { subscriptionId: 'a subscription', termEndsAt: now, keyExpiresAt: later }
const suite = { name: 'a suite', termEndsAt: later }

test('what is sold, and is neither there nor being paid, may be bought, for what it costs', () => {
  expect(mayBuy(buyable, now)).toEqual({ ok: true, amount: 29_000 })
})

/** What stands in the way of a purchase, from what is said first to what is said last, with what is said beside it. */
const buyObstacles: [because: string, facts: Partial<BuyableFacts>, said: object][] = [
  ['open_source', { openSource: true }, {}],
  ['not_sold_by_term', { permanent: true }, {}],
  ['being_paid', { openCheckoutId: 'a Checkout' }, { checkoutId: 'a Checkout' }],
  ['has_it', { held }, { subscriptionId: 'a subscription', until: now }],
  ['withdrawn', { withdrawn: true }, {}],
  ['retired', { retired: true }, {}],
  ['in_a_suite', { suite }, { suite: 'a suite', until: later }],
  ['in_a_chosen_suite', { chosenSuite: 'another' }, { suite: 'another' }],
  ['no_price', { amount: null }, {}],
]

test('of what stands in the way of a purchase the first is said: each of the 511 choices', () => {
  let choices = 0
  for (let chosen = 1; chosen < 2 ** buyObstacles.length; chosen++) {
    const standing = buyObstacles.filter((_, index) => chosen & (1 << index))
    const facts = Object.assign({}, buyable, ...standing.map(([, one]) => one))
    expect(mayBuy(facts, now)).toEqual({ ok: false, because: standing[0]?.[0], ...standing[0]?.[2] })
    choices++
  }
  expect(choices).toBe(511)
})

test('what was there is taken up again by renewing from the moment on that its key ends', () => {
  const lapsed = { ...held, keyExpiresAt: now }
  expect(mayBuy({ ...buyable, held: lapsed }, now)).toMatchObject({ because: 'lapsed', until: now })
  expect(mayBuy({ ...buyable, held: { ...held, keyExpiresAt: later } }, now)).toMatchObject({
    because: 'has_it',
  })
})

test('a suite that is paid no longer keeps nobody from buying what is in it, though its key goes on', () => {
  expect(mayBuy({ ...buyable, suite: { ...suite, termEndsAt: now } }, now).ok).toBe(true)
  expect(mayBuy({ ...buyable, suite: { ...suite, termEndsAt: later } }, now).ok).toBe(false)
})

const someDate = fc.date({ noInvalidDate: true, min: new Date('2020-01-01'), max: new Date('2035-01-01') })

test('whatever is known, only what has a price, is not there and is not being paid may be bought, for that price', () => {
  const facts = fc.record({
    ...{ openSource: fc.boolean(), withdrawn: fc.boolean(), permanent: fc.boolean(), retired: fc.boolean() },
    amount: fc.option(fc.integer({ min: 1, max: 99_999_999 })),
    openCheckoutId: fc.option(fc.uuid()),
    held: fc.option(fc.record({ subscriptionId: fc.uuid(), termEndsAt: someDate, keyExpiresAt: someDate })),
    suite: fc.option(fc.record({ name: fc.string(), termEndsAt: someDate })),
    chosenSuite: fc.option(fc.string({ minLength: 1 })),
  })
  fc.assert(
    fc.property(facts, someDate, (known, at) => {
      const { openSource, withdrawn, permanent, retired, amount, openCheckoutId } = known
      const free = !(openSource || withdrawn || permanent || retired || openCheckoutId || known.held)
      const suiteRuns = known.suite !== null && known.suite.termEndsAt > at
      const may = free && !suiteRuns && known.chosenSuite === null && amount !== null
      const verdict = mayBuy(known, at)
      expect(verdict.ok).toBe(may)
      if (verdict.ok) expect(verdict.amount).toBe(amount)
    }),
    { numRuns: 500 },
  )
})
