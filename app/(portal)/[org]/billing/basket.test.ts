import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { basketIn, basketQuery, chooseAt } from './basket'

test('what an address names is what was chosen, whatever else stands in it', () => {
  const purchase = fc.record({ productId: fc.uuid(), instanceId: fc.option(fc.uuid()) })
  fc.assert(
    fc.property(fc.uniqueArray(purchase, { selector: (one) => JSON.stringify(one) }), (purchases) => {
      const named = new URLSearchParams(basketQuery({ purchases })).getAll('b')
      expect(basketIn(named)).toEqual(purchases)
    }),
  )
})

test('what is no product, or names a place wrongly, is nothing', () => {
  const [product, instance] = [randomUUID(), randomUUID()]
  const wrong = ['', '.', 'forms', `.${instance}`, `${product}.desk`, `${product}.${instance}.${instance}`]
  expect(basketIn(wrong)).toEqual([])
  expect(basketIn(undefined)).toEqual([])
  const plan = { productId: product, instanceId: null }
  expect(basketIn([`${product}.`, `${product}.`])).toEqual([plan])
  expect(basketIn(product)).toEqual([plan])
})

test('what is chosen again stands ticked: renewals among the subscriptions, with a purchase in the shop', () => {
  const [one, other, product] = [randomUUID(), randomUUID(), randomUUID()]
  expect(chooseAt({ subscriptionIds: [one, other] })).toBe(`?s=${one}&s=${other}`)
  const purchases = [{ productId: product, instanceId: null }]
  const shop = new URL(chooseAt({ subscriptionIds: [one], purchases }), 'https://x.test/billing/')
  expect(shop.searchParams.getAll('s')).toEqual([one])
  expect(basketIn(shop.searchParams.getAll('b'))).toEqual(purchases)
})
