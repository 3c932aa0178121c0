import { expect, test } from 'vitest'
import { generateKey, lastFour } from './format'
import { mistypedKey } from './mistyped'

const key = generateKey('subscription')
const other = (char = '') => (char === 'q' ? 'p' : 'q')

test('one wrong character: which, and what finds the key that was meant', () => {
  const wrong = key.slice(0, 8) + other(key[8]) + key.slice(9)
  expect(mistypedKey(wrong)).toEqual({ q: lastFour(key), mistyped: 'wrong_characters', place: '9' })
})

test('two wrong characters: which both', () => {
  const typed = [...key].map((char, at) => (at === 11 || at === 20 ? other(char) : char)).join('')
  expect(mistypedKey(typed)).toEqual({
    q: lastFour(key),
    mistyped: 'wrong_characters',
    place: '12',
    also: '21',
  })
})

test('what only begins as a key is one, and finds nothing', () => {
  expect(mistypedKey('gks1qqqq')).toMatchObject({ q: '', mistyped: 'wrong_length' })
})

test.each([key, 'glpi-helpdesk', 'gks', 'K-7QF3XM', 'https://glpi.example.com', ''])(
  '%s is not mistyped',
  (text) => {
    expect(mistypedKey(text)).toBeNull()
  },
)
