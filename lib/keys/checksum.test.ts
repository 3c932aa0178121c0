import { bech32m } from '@scure/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alphabet, prefixes } from '@/lib/keys/checksum'
import { explainKey } from '@/lib/keys/explain'
import { cleanKey, parseKey } from '@/lib/keys/format'

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
