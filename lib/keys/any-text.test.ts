import { bech32m } from '@scure/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { explainKey } from '@/lib/keys/explain'
import { cleanKey, parseKey, replaceKeys } from '@/lib/keys/format'

const key = bech32m.encode('gks', [...Array(26).keys()])

describe('any text', () => {
  test('is clean when it was cleaned once', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('Key:', 'clé', ':', ' ', '"', '.', '\u00ad', 'gks1', key, 'É', '=', '-'),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const once = cleanKey(pieces.join(''))
        expect(cleanKey(once)).toBe(once)
      }),
      { numRuns: 5_000 },
    )
  })

  test.each([
    ['blanks', ' '],
    ['line breaks', '\r\n'],
    ['letters', 'g'],
    ['beginnings', 'gks1'],
    ['keys that were cut off', key.slice(0, 35)],
    ['beginnings with blanks between', `gks1${' '.repeat(60)}`],
  ])('is searched for keys in a time that grows with it: %s', (_, part) => {
    const seconds = (length: number) => {
      const text = `${part.repeat(length / part.length)} ${key}`
      const began = performance.now()
      expect(replaceKeys(text, () => 'K-7QF3XM').endsWith(' K-7QF3XM')).toBe(true)
      return (performance.now() - began) / 1_000
    }
    seconds(100_000)
    // A megabyte. In a time that grows with its square it would take hours.
    expect(seconds(1_000_000)).toBeLessThan(10)
  })

  test.each([
    'a',
    'g',
    ' ',
    'gks1',
    'key:',
    '.',
    '.x',
    'g                ',
    'gks1q',
    `${'gks1'}${'q'.repeat(31)}`,
    `gks1${'q                '.repeat(31)}`,
    '\ud83d',
  ])('is answered, also 64 kB of %j', (piece) => {
    const text = piece.repeat(65_536).slice(0, 65_536)
    expect(explainKey(text).ok).toBe(false)
    expect(explainKey(text.slice(0, 2_000)).ok).toBe(false)
  })

  test('is explained with places inside it', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(key, key.slice(0, 35), '-', 'Key:', 'é'),
    )
    const property = fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
      const text = pieces.join('')
      const said = explainKey(text)
      if (said.ok) return
      const end = [...text].length + 1
      expect(said.mistakes.every(({ place }) => place >= 1 && place <= end)).toBe(true)
      if (said.suggestion !== undefined) expect(parseKey(said.suggestion).ok).toBe(true)
    })
    fc.assert(property, { numRuns: 5_000 })
  })
})
