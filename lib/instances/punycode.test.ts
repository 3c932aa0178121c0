import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodePunycode } from '@/lib/instances/punycode'

// RFC 3492, section 7.1 (A–S), in the lower case that host names have.
test.each([
  ['egbpdaj6bu4bxfgehfvwxn', 'ليهمابتكلموشعربي؟'],
  ['ihqwcrb4cv8a8dqg056pqjye', '他们为什么不说中文'],
  ['ihqwctvzc91f659drss3x8bo0yb', '他們爲什麽不說中文'],
  ['Proprostnemluvesky-uyb24dma41a', 'Pročprostěnemluvíčesky'],
  ['4dbcagdahymbxekheh6e0a7fei0b', 'למההםפשוטלאמדבריםעברית'],
  ['i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd', 'यहलोगहिन्दीक्योंनहींबोलसकतेहैं'],
  ['n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa', 'なぜみんな日本語を話してくれないのか'],
  ['b1abfaaepdrnnbgefbadotcwatmq2g4l', 'почемужеонинеговорятпорусски'],
  ['PorqunopuedensimplementehablarenEspaol-fmd56a', 'PorquénopuedensimplementehablarenEspañol'],
  ['TisaohkhngthchnitingVit-kjcr8268qyxafd2f1b9g', 'TạisaohọkhôngthểchỉnóitiếngViệt'],
  ['3B-ww4c5e180e575a65lsy2b', '3年B組金八先生'],
  ['-with-SUPER-MONKEYS-pc58ag80a8qai00g7n9n', '安室奈美恵-with-SUPER-MONKEYS'],
  ['Hello-Another-Way--fc4qua05auwb3674vfr0b', 'Hello-Another-Way-それぞれの場所'],
  ['2-u9tlzr9756bt3uc0v', 'ひとつ屋根の下2'],
  ['MajiKoi5-783gue6qz075azm5e', 'MajiでKoiする5秒前'],
  ['de-jg4avhby1noc0d', 'パフィーdeルンバ'],
  ['d9juau41awczczp', 'そのスピードで'],
  ['-> $1.00 <--', null],
])('the sample %s of RFC 3492 is read', (encoded, text) => {
  expect(decodePunycode(encoded)).toBe(text)
})

test.each([
  ['99999999', 'passes the last code point'],
  ['a-b', 'ends within an integer'],
  ['bcher-kv', 'ends within an integer'],
  ['9999999999', 'overflows'],
  ['bücher', 'is not ASCII'],
])('%s (%s) is no Punycode', (encoded) => {
  expect(decodePunycode(encoded)).toBeNull()
})

test('what the platform encodes is decoded to the same text', () => {
  const letters = fc.constantFrom(...'abz09éüßœñабвжяλωşğ日本語한글ابتשלนा𐍈')
  fc.assert(
    fc.property(fc.string({ unit: letters, minLength: 1, maxLength: 20 }), (text) => {
      const url = URL.parse(`https://${text}.example`)
      const label = url?.hostname.split('.')[0]
      fc.pre(label?.startsWith('xn--') === true && text.normalize('NFC') === text)
      expect(decodePunycode(label?.slice(4) ?? '')).toBe(text)
    }),
    { numRuns: 2000 },
  )
})

test('any text is answered', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'abcxyz0189-'), maxLength: 40 }), (text) => {
      const decoded = decodePunycode(text)
      expect(decoded === null || decoded.isWellFormed()).toBe(true)
    }),
    { numRuns: 5000 },
  )
})
