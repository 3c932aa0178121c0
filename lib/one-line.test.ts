import { expect, test } from 'vitest'
import { oneLine } from './one-line'

test.each([
  ['a line\nbroken', 'a line broken'],
  ['\u202Eturned\u202C', 'turned'],
  [' \u3164\u2800\u115F\uFFA0 ', ''],
  ['Service\u200B desk', 'Service desk'],
])('%j is %j', (typed, kept) => {
  expect(oneLine(typed)).toBe(kept)
})
