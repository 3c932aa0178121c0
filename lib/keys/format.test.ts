import { bech32m } from '@scure/base'
import { describe, expect, test } from 'vitest'
import { alphabet, prefixes } from '@/lib/keys/checksum'
import {
  cleanKey,
  findKeys,
  generateKey,
  groups,
  type Kind,
  lastFour,
  maskedGroups,
  parseKey,
  replaceKeys,
  typedLastFour,
} from '@/lib/keys/format'

const kinds: Kind[] = ['subscription', 'trial', 'permanent']
const key = bech32m.encode('gks', [...Array(26).keys()])
const other = bech32m.encode('gkp', [...Array(26).keys()].reverse())

describe('making a key', () => {
  test.each(kinds)('gives a %s key of 36 characters that reads back', (kind) => {
    const made = generateKey(kind)
    expect(made).toMatch(new RegExp(`^${prefixes[kind]}1[${alphabet}]{32}$`))
    expect(parseKey(made)).toEqual({ ok: true, key: made, kind })
    expect(bech32m.decode(made).words).toHaveLength(26)
  })

  test('uses all 130 bits', () => {
    const seen = Array.from({ length: 26 }, () => new Set<number>())
    for (let i = 0; i < 2_000; i++) {
      for (const [place, word] of bech32m.decode(generateKey('trial')).words.entries()) seen[place]?.add(word)
    }
    expect(seen.map((words) => words.size)).toEqual(Array(26).fill(32))
  })
})

describe('cleaning', () => {
  const spaced = groups(key).join(' ')
  test.each([
    ['nothing', key],
    ['capitals', key.toUpperCase()],
    ['mixed case', key.replace(/[a-m]/g, (char) => char.toUpperCase())],
    ['blanks around', `  ${key}\t`],
    ['groups', spaced],
    ['groups with no-break spaces', groups(key).join('\u00a0')],
    ['groups with narrow no-break spaces', groups(key).join('\u202f')],
    ['line breaks', `${key.slice(0, 20)}\r\n${key.slice(20)}\n`],
    ['Unicode line separators', `${key.slice(0, 20)}\u2028${key.slice(20)}\u2029`],
    ['zero-width characters', groups(key).join('\u200b\u200c\u200d\u2060')],
    ['a byte-order mark', `\ufeff${key}`],
    ['soft hyphens', groups(key).join('\u00ad')],
    ['direction marks', `\u202a${key}\u202c\u200e`],
    ['variation selectors', `${key}\ufe0f`],
    ['control characters', `\u0000${key}\u0007`],
    ['straight quotes', `"${key}"`],
    ['apostrophes', `'${key}'`],
    ['typographic quotes', `“${key}”`],
    ['German quotes', `„${key}“`],
    ['single typographic quotes', `‚${key}’`],
    ['guillemets', `«\u00a0${key}\u00a0»`],
    ['single guillemets', `‹${key}›`],
    ['backticks', `\`\`\`${key}\`\`\``],
    ['a label', `Key: ${key}`],
    ['a label without a colon', `Key ${key}`],
    ['a label without a blank', `KEY:${key}`],
    ['a long label', `Registration key: ${key}`],
    ['a label over two lines', `Registration key\n${key}`],
    ['a label with an equals sign', `license_key=${key}`.replace('_', ' ')],
    ['a French label', `Clé : ${key}`],
    ['a French label with a no-break space', `Clé\u00a0: ${key}`],
    ['a decomposed French label', `Cle\u0301 : ${key}`],
    ['a French label without its accent', `Cle : ${key}`],
    ['a French label in capitals', `CLÉ : ${key}`],
    ['a long French label', `Clé d’enregistrement : ${key}`],
    ['a label twice', `Key: Registration key: ${key}`],
    ['a quoted label', `"Key": "${key}",`],
    ['a full stop', `${key}.`],
    ['a comma', `${key},`],
    ['a lot of punctuation', `(${key})…!?;`],
    ['angle brackets', `<${key}>`],
    ['a list mark', `- ${key}`],
  ])('takes away %s', (_, pasted) => {
    expect(cleanKey(pasted)).toBe(key)
    expect(parseKey(pasted)).toMatchObject({ ok: true, key })
  })

  test('leaves what is not ours to take', () => {
    expect(cleanKey('abc-def')).toBe('abc-def')
    expect(cleanKey('\u212aey')).toBe('\u212aey')
    expect(cleanKey('keygks')).toBe('keygks')
    expect(cleanKey('Key:')).toBe('key')
    expect(cleanKey('?!')).toBe('')
    expect(cleanKey(`my key: ${key}`)).toBe(`mykey:${key}`)
  })
})

describe('reading', () => {
  test.each([
    ['', 'empty'],
    [' \u200b"" ', 'empty'],
    ['hello', 'not_a_key'],
    [key.replace('gks', 'gka'), 'not_a_key'],
    [bech32m.encode('bc', [...Array(26).keys()]), 'not_a_key'],
    [key.slice(0, -1), 'wrong_length'],
    [bech32m.encode('gks', [...Array(25).keys()]), 'wrong_length'],
    [bech32m.encode('gks', [...Array(27).keys()]), 'wrong_length'],
    [key.replace('gks', 'gkt'), 'wrong_checksum'],
    [`${key.slice(0, 10)}1${key.slice(11)}`, 'wrong_checksum'],
    [`${key.slice(0, 10)}é${key.slice(11)}`, 'wrong_checksum'],
  ])('says of %j: %s', (text, because) => {
    expect(parseKey(text)).toEqual({ ok: false, because })
  })

  test('looks at 2,000 characters at most', () => {
    expect(parseKey(key + ' '.repeat(2_000 - key.length))).toMatchObject({ ok: true, key })
    expect(parseKey(key + ' '.repeat(2_001 - key.length))).toEqual({ ok: false, because: 'too_long' })
    expect(parseKey(' '.repeat(65_536))).toEqual({ ok: false, because: 'too_long' })
  })
})

describe('showing', () => {
  test('sets groups of four', () => {
    expect(groups(key)).toHaveLength(9)
    expect(groups(key).join('')).toBe(key)
    expect(groups('LEGACY')).toEqual(['LEGA', 'CY'])
    expect(groups('')).toEqual([])
  })

  test('masks all but kind and end', () => {
    const masked = maskedGroups(lastFour(key), 'subscription')
    expect(masked).toEqual(['gks1', ...Array(7).fill('••••'), key.slice(32)])
    expect(masked.join('')).toHaveLength(key.length)
  })
})

const fullWidth = (text: string) =>
  text.replace(/[!-~]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0))

describe('keys in free text', () => {
  test.each([
    ['alone', key],
    ['in a sentence', `Our key ${key}, see mail.`],
    ['in capitals', `Key: ${key.toUpperCase()}!`],
    ['in groups', `The key ${groups(key).join(' ')} is new`],
    ['in groups with no-break spaces', `The key ${groups(key).join('\u00a0')} is new`],
    ['in groups with hyphens', `The key ${groups(key).join('-')} is new`],
    ['in groups with long dashes', groups(key).join(' – ')],
    ['wrapped', `The key ${key.slice(0, 18)}\r\n    ${key.slice(18)}\nis new`],
    ['quoted in a mail', `> ${key.slice(0, 18)}\n> ${key.slice(18)}`],
    ['with invisible characters', groups(key).join('\u200b')],
    ['with letters that nobody sees', groups(key).join('\u3164\u115f')],
    ['far apart', groups(key).join(' '.repeat(17))],
    ['far apart by blanks of every sort', groups(key).join('\u00a0\u200b\r\n\t\u2003'.repeat(100))],
    ['each character on a line of its own', [...key].join('\n\n> '.repeat(10))],
    ['in full-width letters', fullWidth(key)],
    ['run together with words', `key=${key}Thanks`],
    ['after one that was cut off', `${key.slice(0, 35)}${key}`],
    ['after a false start', `gks1 gks1 ${key}`],
  ])('are found %s', (_, text) => {
    expect(findKeys(text)).toEqual([key])
    const replaced = replaceKeys(text, () => 'K-7QF3XM')
    expect(replaced).toContain('K-7QF3XM')
    expect(findKeys(replaced)).toEqual([])
  })

  test('are found beside one that is written otherwise', () => {
    const text = `${key}, or ½ ${fullWidth(other)}`
    expect(findKeys(text)).toEqual([key, other])
    expect(replaceKeys(text, lastFour)).toBe(`${lastFour(key)}, or ½ ${lastFour(other)}`)
  })

  test('are replaced one by one, and the rest stays as it is', () => {
    const text = `A: ${key}\nB: "${other.toUpperCase()}"; again ${groups(key).join('-')}.`
    expect(findKeys(text)).toEqual([key, other])
    expect(replaceKeys(text, (found) => (found === key ? 'K-AAAAAA' : 'K-$&'))).toBe(
      'A: K-AAAAAA\nB: "K-$&"; again K-AAAAAA.',
    )
    expect(replaceKeys(`${key}${other}`, () => 'x')).toBe('xx')
  })

  test.each(['', 'gks1', key.slice(1), key.slice(0, 35), key.replace('gks', 'gkt'), 'K-7QF3XM'])(
    'are not seen in %j',
    (text) => {
      expect(findKeys(text)).toEqual([])
      expect(replaceKeys(text, () => 'x')).toBe(text)
    },
  )
})

test.each([
  ['wxyz', 'wxyz'],
  [' WX2Z\n', 'wx2z'],
  ['  …wxyz  ', 'wxyz'],
  ['...wxyz', 'wxyz'],
  ['.wxyz', null],
  ['..wxyz', null],
  ['……wxyz', null],
  ['x …wxyz', null],
  ['wxyz x', null],
  ['wxyzx', null],
  ['wxy', null],
  ['wx-z', null],
  ['', null],
])('of %j the last four characters that are typed are %j', (text, typed) => {
  expect(typedLastFour(text)).toBe(typed)
})
