import { bech32m } from '@scure/base'
import { describe, expect, test } from 'vitest'
import { explainKey } from '@/lib/keys/explain'
import { groups } from '@/lib/keys/format'

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

  const twin = bech32m.encode('gkp', Array(26).fill(7))
  const ended = 'gks1ytjeq8w4ur23clxd5mzfsh79vnjg3fdd'
  const missing = (place: number, placeInKey: number, whole: string) => ({
    ok: false,
    because: 'missing_character',
    length: 35,
    mistakes: [{ what: 'missing', place, placeInKey, expected: whole[placeInKey - 1] }],
    suggestion: whole,
  })

  test.each([
    ['the first', key.slice(1), 1, 1, key],
    ['the first, after a blank', ` ${key.slice(1)}`, 1, 1, key],
    ['the first, after three blanks', `   ${key.slice(1)}`, 3, 1, key],
    ['the last', key.slice(0, -1), 36, 36, key],
    ['one of the last two, and nobody knows which', ended.slice(0, -1), 35, 35, ended],
    ['the last, where a blank stands', `${ended.slice(0, -1)} `, 36, 36, ended],
    ['the 12th', key.slice(0, 11) + key.slice(12), 12, 12, key],
    [
      'the 12th, in groups',
      `${key.slice(0, 4)} ${key.slice(4, 8)} ${key.slice(8, 11)}${key.slice(12)}`,
      14,
      12,
      key,
    ],
    ['one of many, and nobody knows which', twin.slice(0, 7) + twin.slice(8), 5, 5, twin],
    ['one of many, where a blank stands', `${twin.slice(0, 7)} ${twin.slice(8)}`, 8, 8, twin],
  ])('says that a character is missing: %s', (_, text, place, placeInKey, whole) => {
    expect(explainKey(text)).toStrictEqual(missing(place, placeInKey, whole))
  })

  test('of two keys that fit, takes the one in which a character stands where the only blank is', () => {
    const text = 'gks1ymx75rdxaut8hr9qfxl9ag3k4h7rxhu'
    const said = explainKey(text)
    const places = said.ok ? [] : said.mistakes.map(({ place }) => place)
    expect(said).toStrictEqual({
      ok: false,
      because: 'ambiguous',
      length: 35,
      mistakes: places.map((place) => ({ what: 'missing', place, placeInKey: place })),
    })
    const blankAt = (place: number) => `${text.slice(0, place - 1)} ${text.slice(place - 1)}`
    for (const place of places) {
      const found = explainKey(blankAt(place))
      expect(found).toMatchObject({ because: 'missing_character', mistakes: [{ place, placeInKey: place }] })
      // A second blank, and none of them is the only one.
      expect(explainKey(`gks ${blankAt(place).slice(3)}`)).toMatchObject({ because: 'ambiguous' })
    }
    expect(explainKey(`gks ${text.slice(3)}`)).toMatchObject({ because: 'ambiguous' })
    const [place = 0] = places
    // Blanks in front of it do not count.
    expect(explainKey(`   ${blankAt(place)}`)).toMatchObject({
      mistakes: [{ place: place + 3, placeInKey: place }],
    })
  })

  test('names a character too many, and the second of two', () => {
    const extra = (because: string, what: string, place: number, found: string) => ({
      ok: false,
      because,
      length: 37,
      mistakes: [{ what, place, placeInKey: place, found }],
      suggestion: key,
    })
    expect(explainKey(`${key.slice(0, 11)}q${key.slice(11)}`)).toStrictEqual(
      extra('extra_character', 'extra', 12, 'q'),
    )
    expect(explainKey(`${key.slice(0, 11)}x${key.slice(11)}`)).toStrictEqual(
      extra('doubled_character', 'doubled', 12, 'x'),
    )
  })

  // Computed: without one of "yy", or without a character further on, it is a key.
  test('of two keys that fit without a character, says of each whether that one stands doubled', () => {
    const said = explainKey('gks1tklvtyymn9pgvvwtcdvlcnqdz4gyqfyzw')
    expect(said).toMatchObject({ because: 'ambiguous', length: 37 })
    expect(said.ok ? [] : said.mistakes.map(({ what, place }) => [what, place])).toEqual([
      ['doubled', 11],
      ['extra', 25],
    ])
  })

  // Computed: with one more "7" beside its 10th character, or with another one further on, it is a key.
  test('of two keys that fit, takes the one whose doubled character may stand where the blank is', () => {
    const text = 'gks1pjm4r7503zxrqxww2myzt7tm45w3f5f'
    expect(explainKey(text)).toMatchObject({ because: 'ambiguous' })
    for (const place of [10, 11]) {
      expect(explainKey(`${text.slice(0, place - 1)} ${text.slice(place - 1)}`)).toMatchObject({
        because: 'missing_character',
        mistakes: [{ place, placeInKey: place }],
      })
    }
  })

  test('calls neighbours swapped, and nothing else', () => {
    const at = (place: number) => key[place - 1] ?? ''
    const two = (what: string, places: number[], text: string) => ({
      ok: false,
      because: what === 'swapped' ? 'swapped_characters' : 'wrong_characters',
      length: 36,
      mistakes: places.map((place) => ({
        what,
        place,
        placeInKey: place,
        found: text[place - 1],
        expected: at(place),
      })),
      suggestion: key,
    })
    for (const [what, a, b, changes] of [
      ['swapped', 11, 12, { 11: at(12), 12: at(11) }],
      ['wrong', 11, 13, { 11: at(13), 13: at(11) }],
      ['wrong', 11, 12, { 11: at(12), 12: 'q' }],
      ['wrong', 11, 12, { 11: 'q', 12: at(11) }],
      ['wrong', 11, 12, { 11: 'q', 12: 'p' }],
    ] as const) {
      const text = replaced(changes)
      expect(explainKey(text)).toStrictEqual(two(what, [a, b], text))
    }
  })

  test('reads letters by their likeness, however many, beside one mistake', () => {
    const full = bech32m.encode('gks', Array(26).fill([15, 31, 26]).flat().slice(0, 26))
    expect(full.slice(0, 10)).toBe('gks10l60l6')
    const misread = full.replaceAll('0', 'o').replaceAll('l', 'i').replaceAll('6', 'b')
    for (const text of [
      misread,
      misread.replaceAll('i', '1'),
      `${misread.slice(0, 4)}q${misread.slice(5)}`,
    ]) {
      const wrong = [...text].flatMap((found, index) =>
        found === full[index]
          ? []
          : [{ what: 'wrong', place: index + 1, placeInKey: index + 1, found, expected: full[index] }],
      )
      expect(wrong.length).toBeGreaterThan(20)
      const because = 'wrong_characters'
      expect(explainKey(text)).toStrictEqual({
        ok: false,
        because,
        length: 36,
        mistakes: wrong,
        suggestion: full,
      })
    }
    expect(explainKey(`${misread.slice(0, 20)}q${misread.slice(21)}`)).toMatchObject({ suggestion: full })
  })

  test('does not mend what is too long by two', () => {
    const long = bech32m.encode('gks', [...Array(27).keys()])
    expect(explainKey(`${long.slice(0, 11)}q${long.slice(11)}`)).toStrictEqual({
      ok: false,
      because: 'wrong_length',
      length: 38,
      mistakes: [],
    })
  })

  test('names what is stray in the order of the text', () => {
    expect(explainKey(`${key.slice(0, 4)}*${replaced({ 9: 'q' }).slice(4)}`)).toStrictEqual({
      ok: false,
      because: 'wrong_characters',
      length: 37,
      mistakes: [
        { what: 'stray', place: 5, found: '*' },
        { what: 'wrong', place: 10, placeInKey: 9, found: 'q', expected: 'y' },
      ],
      suggestion: key,
    })
  })

  test('looks for a key in the first 20,000 characters', () => {
    const keyAfter = (length: number) => `${'-'.repeat(length)}${key}`
    expect(explainKey(keyAfter(20_000 - 36))).toStrictEqual({
      ok: false,
      because: 'text_around',
      length: 20_000,
      mistakes: [],
      suggestion: key,
    })
    expect(explainKey(keyAfter(20_000 - 35))).toStrictEqual({
      ok: false,
      because: 'too_long',
      length: 20_001,
      mistakes: [],
    })
  })

  test.each([
    ['gxxx', 'not_a_key'],
    ['xkxx', 'not_a_key'],
    ['xxsx', 'not_a_key'],
    ['xxx1', 'not_a_key'],
    ['kgs', 'not_a_key'],
    ['gkxx', 'wrong_length'],
    ['gxs', 'wrong_length'],
    ['gxt', 'wrong_length'],
    ['gxp', 'wrong_length'],
    ['xks', 'wrong_length'],
    ['xxt1', 'wrong_length'],
    ['gxx1', 'wrong_length'],
  ])('takes %j for a key by two of the four characters that it begins with', (text, because) => {
    expect(explainKey(text)).toStrictEqual({ ok: false, because, length: text.length, mistakes: [] })
  })

  test('names what no key contains in what is too short to be one', () => {
    expect(explainKey('gks1qbé-1q')).toStrictEqual({
      ok: false,
      because: 'wrong_length',
      length: 10,
      mistakes: [
        { what: 'wrong', place: 6, placeInKey: 6, found: 'b', likely: '6' },
        { what: 'wrong', place: 7, placeInKey: 7, found: 'é' },
        { what: 'wrong', place: 8, placeInKey: 8, found: '-' },
        { what: 'wrong', place: 9, placeInKey: 9, found: '1', likely: 'l' },
      ],
    })
  })
})
