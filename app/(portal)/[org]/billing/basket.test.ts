import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { basketIn, basketQuery } from './basket'

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
