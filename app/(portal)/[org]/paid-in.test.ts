import { expect, test } from 'vitest'
import { checkoutOf } from './paid-in'

const payment = { checkoutId: 'its Checkout', state: 'on_its_way' } as const
const paying = new Map([['one', payment]])

test.each(['due', 'overdue', 'lapsed', 'trial_ends'] as const)(
  'a line of what is %s leads to its payment once all of it is being paid',
  (what) => {
    expect(checkoutOf({ what, keys: [{ id: 'one' }] }, paying)).toBe(payment)
    expect(checkoutOf({ what, keys: [{ id: 'one' }, { id: 'other' }] }, paying)).toBeUndefined()
  },
)

test('a line of which no payment changes anything leads to none', () => {
  expect(checkoutOf({ what: 'revoked', keys: [{ id: 'one' }] }, paying)).toBeUndefined()
})
