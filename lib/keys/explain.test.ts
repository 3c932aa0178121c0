import { bech32m } from '@scure/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alphabet, prefixes } from '@/lib/keys/checksum'
import { explainKey } from '@/lib/keys/explain'
import { cleanKey, groups, parseKey } from '@/lib/keys/format'

const stress = Boolean(process.env.STRESS)
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
const patience = stress ? 900_000 : 120_000

// What a finger, an eye or a mail program puts in the place of a character; the last ones are cleaned away.
const characters = [...alphabet, ...'bio1-_.!/é', 'а', '０', '😀', ' ', '"', '\u200b']

// Without its 13th character it could be another key.
const ambiguous = 'gkp1m3tvjwkyq5ra8vpqzcyq2ey0r7hx46mz'
const anyKey = fc
  .tuple(
    fc.constantFrom(...Object.values(prefixes)),
    fc.array(fc.nat({ max: 31 }), { minLength: 26, maxLength: 26 }),
  )
  .map(([prefix, words]) => bech32m.encode(prefix, words))

function forKeys(count: number, check: (key: string) => number): number {
  let trials = 0
  const property = fc.property(anyKey, (key) => {
    trials += check(key)
  })
  fc.assert(property, { numRuns: count, seed, endOnFailure: true, examples: [[ambiguous]] })
  return trials
}

function report(row: string, trials: number, what: string) {
  console.info(`[${row}] ${trials.toLocaleString('en')} ${what} (seed ${seed})`)
}

// `expect` costs more than what is tested here, a million times.
function must(holds: boolean, what: string, ...facts: unknown[]): asserts holds {
  if (!holds) throw new Error(`${what}: ${facts.map((fact) => JSON.stringify(fact)).join(' ')}`)
}

function refused(key: string, text: string) {
  must(!parseKey(text).ok, 'accepted', key, text)
  const said = explainKey(text)
  must(!said.ok, 'explained as right', key, text)
  return said
}

/**
 * About one deletion in a million, and one insertion in 30 million, leaves what could be either of two keys: 32 × 36, or
 * 37, chances at a checksum of 30 bits. Nothing is suggested then, and each place that is named must make a key.
 */
function isAmbiguous(
  said: ReturnType<typeof refused>,
  mended: (place: number) => string[],
  key: string,
): boolean {
  if (said.because !== 'ambiguous') return false
  const found = said.mistakes.map(({ placeInKey = 0 }) =>
    mended(placeInKey).filter((text) => parseKey(text).ok),
  )
  return found.length > 1 && found.every((keys) => keys.length > 0) && found.flat().includes(key)
}

describe('[B3] one mistake in a key', () => {
  const keys = stress ? 1_000 : 100

  test(
    '[B3] a single substitution is never accepted, and its place is named, right, with the key',
    () => {
      const trials = forKeys(keys, (key) => {
        let count = 0
        for (let place = 0; place < key.length; place++) {
          for (const char of characters) {
            const text = key.slice(0, place) + char + key.slice(place + 1)
            if (cleanKey(text) === key) continue
            count++
            const said = refused(key, text)
            const [mistake, another] = said.mistakes
            must(mistake !== undefined && another === undefined, 'not one mistake', key, text, said)
            must(mistake.place === place + 1, 'wrong place in the text', key, text, said)
            must(mistake.placeInKey === place + 1, 'wrong place in the key', key, text, said)
            must(mistake.expected === key[place] && said.suggestion === key, 'another key', key, text, said)
          }
        }
        return count
      })
      report('B3', trials, 'single substitutions: 0 accepted, every place right')
    },
    patience,
  )

  test(
    '[B3] a deletion is never accepted, and the key is named',
    () => {
      const trials = forKeys(keys, (key) => {
        for (let place = 0; place < key.length; place++) {
          const text = key.slice(0, place) + key.slice(place + 1)
          const said = refused(key, text)
          const added = (named: number) =>
            [...alphabet].map((char) => text.slice(0, named - 1) + char + text.slice(named - 1))
          if (isAmbiguous(said, added, key)) continue
          must(
            said.because === 'missing_character' && said.suggestion === key,
            'another key',
            key,
            text,
            said,
          )
          const named = said.mistakes[0]?.placeInKey ?? 0
          must(key.slice(0, named - 1) + key.slice(named) === text, 'wrong place', key, text, said)
        }
        return key.length
      })
      report('B3', trials, 'deletions: 0 accepted, every key named')
    },
    patience,
  )

  test(
    '[B3] an insertion is never accepted, and the key is named',
    () => {
      const trials = forKeys(keys, (key) => {
        let count = 0
        for (let place = 0; place <= key.length; place++) {
          for (const char of characters) {
            const text = key.slice(0, place) + char + key.slice(place)
            if (cleanKey(text) === key) continue
            count++
            const said = refused(key, text)
            const removed = (named: number) => [text.slice(0, named - 1) + text.slice(named)]
            if (isAmbiguous(said, removed, key)) continue
            const [mistake] = said.mistakes
            must(mistake !== undefined && said.suggestion === key, 'another key', key, text, said)
            must([...text].toSpliced(mistake.place - 1, 1).join('') === key, 'wrong place', key, text, said)
          }
        }
        return count
      })
      report('B3', trials, 'insertions: 0 accepted, every key named')
    },
    patience,
  )

  test(
    '[B3] a swap of neighbours is never accepted, and is recognised',
    () => {
      const trials = forKeys(keys, (key) => {
        let count = 0
        for (let place = 0; place + 1 < key.length; place++) {
          const text = key.slice(0, place) + key[place + 1] + key[place] + key.slice(place + 2)
          if (text === key) continue
          count++
          const said = refused(key, text)
          must(said.because === 'swapped_characters' && said.suggestion === key, 'not seen', key, text, said)
          must(
            said.mistakes.map((one) => one.place).join() === `${place + 1},${place + 2}`,
            'place',
            key,
            said,
          )
        }
        return count
      })
      report('B3', trials, 'swaps of neighbours: 0 accepted, all recognised')
    },
    patience,
  )
})

test(
  '[B3] one to four substitutions are never accepted, and of one or two the key and the places are named',
  () => {
    const rounds = stress ? 10_000 : 1_000
    const substitution = fc.tuple(fc.nat({ max: 35 }), fc.constantFrom(...alphabet, ...'bio1'))
    const mutations = fc.array(
      fc.uniqueArray(substitution, { minLength: 1, maxLength: 4, selector: ([place]) => place }),
      { minLength: 120, maxLength: 120 },
    )
    let trials = 0
    let misled = 0
    const property = fc.property(anyKey, mutations, (key, all) => {
      for (const mutation of all) {
        const chars = [...key]
        for (const [place, char] of mutation) chars[place] = char
        const text = chars.join('')
        const places = chars.flatMap((char, index) => (char === key[index] ? [] : [index + 1]))
        if (places.length === 0) continue
        trials++
        const said = refused(key, text)
        if (places.length > 2) {
          if (said.suggestion !== undefined && said.suggestion !== key) misled++
          continue
        }
        must(said.suggestion === key, 'another key', key, text, said)
        must(said.mistakes.map((one) => one.place).join() === places.join(), 'places', key, text, said)
      }
    })
    fc.assert(property, { numRuns: rounds, seed, endOnFailure: true })
    expect(trials).toBeGreaterThanOrEqual(100_000)
    // By chance: pairs of changes over checksums, 3 × 476,656 / 2^30, is 0.13 % of three or four substitutions.
    expect(misled).toBeLessThan(trials / 200)
    report('B3', trials, `random mutations: 0 accepted; ${misled} of 3 or 4 changes looked like another key`)
  },
  patience,
)

describe('explaining', () => {
  const key = bech32m.encode('gks', [...Array(26).keys()])
  const other = bech32m.encode('gkt', [...Array(26).keys()])
  const replaced = (changes: Record<number, string>) =>
    [...key].map((char, index) => changes[index + 1] ?? char).join('')

  test('knows the key these cases are built on', () => {
    expect(key.slice(0, 30)).toBe('gks1qpzry9x8gf2tvdw0s3jn54khce')
    expect(explainKey(`Key: ${key}.`)).toEqual({ ok: true, key, kind: 'subscription' })
  })

  test('counts places in the paste and in the key', () => {
    const said = explainKey(`Key: ${groups(replaced({ 9: 'q' })).join(' ')}`)
    expect(said).toMatchObject({
      because: 'wrong_characters',
      mistakes: [{ what: 'wrong', place: 16, placeInKey: 9, found: 'q', expected: 'y' }],
      suggestion: key,
    })
  })

  test('names a prefix that no kind has', () => {
    expect(explainKey(key.replace('gks', 'gkz'))).toMatchObject({
      mistakes: [{ place: 3, found: 'z', expected: 's' }],
      suggestion: key,
    })
  })

  test('tells which of two equal characters was lost where a blank stands in its stead', () => {
    const twin = bech32m.encode('gkp', Array(26).fill(7))
    expect(twin.slice(4, 10)).toBe('888888')
    const said = explainKey(`${twin.slice(0, 7)} ${twin.slice(8)}`)
    expect(said).toMatchObject({ mistakes: [{ what: 'missing', place: 8, placeInKey: 8 }], suggestion: twin })
  })

  test('calls a character typed twice doubled', () => {
    expect(explainKey(`${key.slice(0, 10)}${key.slice(9)}`)).toMatchObject({
      because: 'doubled_character',
      mistakes: [{ what: 'doubled', place: 11, found: key[9] }],
      suggestion: key,
    })
  })

  test('reads the four letters that no key contains by their likeness, however many', () => {
    const misread = key.replaceAll('0', 'o').replaceAll('l', '1').replaceAll('6', 'b')
    const said = explainKey(misread)
    expect(said).toMatchObject({ because: 'wrong_characters', suggestion: key })
  })

  test('only guesses their meaning when more is wrong', () => {
    const said = explainKey(replaced({ 5: 'o', 6: 'i', 7: 'b', 12: 'q', 13: 'q', 14: 'q', 20: '-' }))
    expect(said).toMatchObject({
      because: 'wrong_characters',
      mistakes: [
        { place: 5, found: 'o', likely: '0' },
        { place: 6, found: 'i', likely: 'l' },
        { place: 7, found: 'b', likely: '6' },
        { place: 20, found: '-' },
      ],
    })
    expect(said).not.toHaveProperty('suggestion')
  })

  test('names stray characters, alone and beside another mistake', () => {
    expect(explainKey(groups(key).join('-'))).toMatchObject({
      because: 'stray_characters',
      mistakes: [5, 10, 15, 20, 25, 30, 35, 40].map((place) => ({ what: 'stray', place, found: '-' })),
      suggestion: key,
    })
    expect(explainKey(`${replaced({ 2: 'q' }).slice(0, 8)}😀*${key.slice(8)}`)).toMatchObject({
      because: 'wrong_characters',
      mistakes: [
        { what: 'wrong', place: 2 },
        { what: 'stray', place: 9, found: '😀' },
        { what: 'stray', place: 10, found: '*' },
      ],
      suggestion: key,
    })
  })

  test('finds the key in the text around it', () => {
    const text = `Dear colleagues, this is our key: ${key}. Please take care of it.`
    expect(explainKey(text)).toMatchObject({ because: 'text_around', suggestion: key })
    expect(explainKey(text.repeat(40))).toMatchObject({ because: 'text_around', suggestion: key })
    expect(explainKey(`${key} ${other}`)).toMatchObject({ because: 'several_keys', mistakes: [] })
    expect(explainKey(`${key} ${other}`)).not.toHaveProperty('suggestion')
  })

  test('suggests nothing where two keys fit', () => {
    // Computed: one character is missing at one place for one key, and at another place for another key.
    const text = 'gks1ymx75rdxaut8hr9qfxl9ag3k4h7rxhu'
    const said = explainKey(text)
    expect(said).toMatchObject({ because: 'ambiguous', length: 35 })
    expect(said).not.toHaveProperty('suggestion')
    expect(said.ok ? [] : said.mistakes.map(({ what }) => what)).toEqual(['missing', 'missing'])
  })

  test.each([
    ['', 'empty', 0],
    ['“ ”', 'empty', 0],
    ['hello', 'not_a_key', 5],
    ['a'.repeat(36), 'not_a_key', 36],
    [key.slice(0, 20), 'wrong_length', 20],
    [
      key.replaceAll('q', 'p').replaceAll('z', 'r').replaceAll('x', '8').replaceAll('t', 'v'),
      'wrong_checksum',
      36,
    ],
  ])('says of %j: %s', (text, because, length) => {
    expect(explainKey(text)).toEqual({ ok: false, because, length, mistakes: [] })
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
  ])('answers 64 kB of %j', (piece) => {
    const text = piece.repeat(65_536).slice(0, 65_536)
    expect(explainKey(text).ok).toBe(false)
    expect(explainKey(text.slice(0, 2_000)).ok).toBe(false)
  })

  test('answers anything with places inside the text', () => {
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
    fc.assert(property, { numRuns: 5_000, seed })
  })
})
