import { bech32m } from '@scure/base'
import { expect, test } from 'vitest'
import { groups, lastFour } from './format'
import { isNoKey, mistypedKey } from './mistyped'

const key = bech32m.encode('gks', [...Array(26).keys()])
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

test('the place is that in the key, and in the text for what is stray', () => {
  const wrong = key.slice(0, 8) + other(key[8]) + key.slice(9)
  expect(mistypedKey(`Key: ${wrong}`)).toMatchObject({ mistyped: 'wrong_characters', place: '9' })
  expect(mistypedKey(`Key: ${groups(key).join('-')}`)).toEqual({
    q: lastFour(key),
    mistyped: 'stray_characters',
    place: '10',
    also: '15',
  })
})

test('a piece of a key is one too, with its beginning or without, and finds nothing', () => {
  for (const piece of [
    key.slice(4),
    key.slice(8),
    key.slice(0, 30),
    key.slice(-20),
    ` ${key.slice(6).toUpperCase()}`,
  ])
    expect(mistypedKey(piece)).toEqual({ q: '', mistyped: 'wrong_length', place: '0' })
})

test('a name that has as many of its characters in a row, and others beside them, is none', () => {
  for (const name of [`oio-${key.slice(8, 30)}`, `${key.slice(8, 30)}-oio`])
    expect(mistypedKey(name)).toBe(null)
})

test('what only begins as a key is one, and finds nothing', () => {
  expect(mistypedKey('gks1qqqq')).toEqual({ q: '', mistyped: 'wrong_length', place: '0' })
})

test.each([
  key,
  'glpi-helpdesk',
  'lesserveursdetestpar',
  'srv2-helpdesk-2024-test.lan',
  'headquarters of 2024 and schools',
  'glpi-gks1',
  'gks',
  'K-7QF3XM',
  'https://glpi.example.com',
  '',
])('%s is not mistyped', (text) => {
  expect(mistypedKey(text)).toBeNull()
})

test.each([
  ['nothing', '', true],
  ['a long text', 'a '.repeat(1_001), true],
  ['several keys', `keys: ${key} ${bech32m.encode('gkp', [...Array(26).keys()].reverse())}`, true],
  ['one of ours with a mistake', key.slice(0, 8) + other(key[8]) + key.slice(9), true],
  ['one of ours, cut off', key.slice(0, 12), true],
  ['one of ours with mistakes in its beginning', `akt1${key.slice(4)}`, true],
  ['a key of another format', 'FORMS-2024-77A1', false],
  ['a name', 'glpi-helpdesk', false],
])('%s cannot be a key of another format', (_what, text, expected) => {
  expect(isNoKey(text)).toBe(expected)
})
