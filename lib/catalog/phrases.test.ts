import { expect, test } from 'vitest'
import { fitSentence } from '@/lib/catalog/phrases'
import type { CatalogProduct } from '@/lib/catalog/queries'
import { translator } from '@/lib/messages/translator'

const said = (...releases: [version: string, glpiMin: string, glpiMax: string | null][]) => {
  const product = {
    ended: false,
    releases: releases.map(([version, glpiMin, glpiMax]) => ({ version, glpiMin, glpiMax })),
  } as CatalogProduct // no more of it is asked
  return fitSentence(product, '11.0.4', translator('en')).text
}

test('all releases that fit are named, by the first and the last', () => {
  expect(said(['5.0', '11.0', '11.0'])).toBe('5.0 fits GLPI 11.0.4.')
  expect(
    said(['4.9', '10.0', '10.0'], ['5.0', '11.0', '11.0'], ['5.3', '11.0', '11.0'], ['6.0', '12.0', null]),
  ).toBe('5.0 to 5.3 fit GLPI 11.0.4.')
})

test('a release in between that does not fit makes no range', () => {
  expect(said(['5.0', '11.0', null], ['5.1', '10.0', '10.0'], ['5.2', '11.0', null])).toBe(
    '5.2 fits GLPI 11.0.4.',
  )
})
