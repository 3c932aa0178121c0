import { expect, test } from 'vitest'
import { isId } from '@/lib/ids'
import { isRowNumber, placeIn, placeText } from './list-place'

const at = new Date('2026-11-22T08:00:00Z')
const id = '01a202e2-9364-701e-8659-020d09ce88e3'

test('a place is read as it was written, by the list whose it is', () => {
  expect(placeIn(placeText(at, 12), isRowNumber)).toEqual({ at, id: '12' })
  expect(placeIn(placeText(at, id), isId)).toEqual({ at, id })
  expect(placeIn(placeText(at, id), isRowNumber)).toBeUndefined()
  expect(placeIn(placeText(at, 12), isId)).toBeUndefined()
})

test.each([
  undefined,
  null,
  '',
  '1',
  '_1',
  '1_',
  '1_x',
  '-1_1',
  `${'1'.repeat(14)}_1`,
  `1_${'1'.repeat(16)}`,
  [1],
])('none is read of %j', (text) => {
  for (const isRowId of [isId, isRowNumber]) expect(placeIn(text, isRowId)).toBeUndefined()
})
