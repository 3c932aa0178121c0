import {
  findExtra,
  findMissing,
  findTwoExtra,
  headLength,
  keyLength,
  repair,
  type Shift,
} from '@/lib/keys/checksum'
import { cleanMarks, findKeys, type Kind, type Mark, type ParsedKey, parseKey } from '@/lib/keys/format'

/** One thing that is wrong with a pasted key. Places count from 1, in characters (code points). */
export type Mistake = {
  what: 'wrong' | 'swapped' | 'missing' | 'extra' | 'doubled' | 'stray'
  /** In the text as it was pasted. */
  place: number
  /** In the key, not counting what was cleaned away and what is stray; a stray character has none. */
  placeInKey?: number
  found?: string
  /** What must stand there; only where it is known. */
  expected?: string
  /** What a character that no key contains was probably read from; only where nothing better is known. */
  likely?: string
}

type Reason =
  | Extract<ParsedKey, { ok: false }>['because']
  | 'wrong_characters'
  | 'swapped_characters'
  | 'missing_character'
  | 'extra_character'
  | 'extra_characters'
  | 'doubled_character'
  | 'stray_characters'
  | 'text_around'
  | 'several_keys'
  | 'ambiguous'

type Finding = {
  because: Reason
  /** In the order of their places; empty where nobody can say. */
  mistakes: Mistake[]
  /** The only key that fits. */
  suggestion?: string
}

/** `length`: how many characters are left after cleaning; a key has 36. */
export type KeyExplanation = { ok: true; key: string; kind: Kind } | ({ ok: false; length: number } & Finding)

const longestSearch = 20_000
/** Asked of one character. */
const plain = /[a-z0-9]/
// Bech32 leaves out b, i, o and 1 because people take them for these.
const lookAlikes: Readonly<Record<string, string>> = { b: '6', i: 'l', o: '0', '1': 'l' }

/**
 * Says, for people, what is wrong with a pasted key: where the mistakes are and, when exactly one key fits, which
 * it is. Certain when at most two characters were replaced. With more, about one text in a thousand comes close
 * to another key by chance: show a suggestion to be compared, and never take it unasked.
 */
export function explainKey(text: string): KeyExplanation {
  const parsed = parseKey(text)
  if (parsed.ok) return parsed
  if (parsed.because === 'empty') return { ...parsed, length: 0, mistakes: [] }
  if (parsed.because === 'too_long') {
    const finding = explainSurrounded(text) ?? { because: parsed.because, mistakes: [] }
    return { ok: false, length: text.length, ...finding }
  }
  const marks = cleanMarks(text)
  const textLength = [...text].length
  const finding =
    explainMarks(marks, textLength) ??
    explainStrays(marks, textLength) ??
    explainSurrounded(text) ??
    explainRest(marks)
  return { ok: false, length: marks.length, ...finding }
}

function explainMarks(marks: readonly Mark[], textLength: number): Finding | null {
  if (marks.length === keyLength) return explainReplaced(marks)
  if (marks.length === keyLength - 1) return explainMissing(marks, textLength)
  if (marks.length === keyLength + 1) return explainExtra(marks)
  if (marks.length === keyLength + 2) return explainTwoExtra(marks)
  return null
}

function explainReplaced(marks: readonly Mark[]): Finding | null {
  const chars = charsOf(marks)
  const guessed = chars.map((char, index) => (index < headLength ? char : (lookAlikes[char] ?? char)))
  const key = (repair(chars, 1) ?? repair(chars, 2) ?? repair(guessed, 1))?.key
  if (!key) return null
  const places = chars.flatMap((char, index) => (char === key[index] ? [] : [index]))
  const [first = 0, second = 0] = places
  // Of more than two none was swapped: all but one are letters that no key contains.
  const swapped = second === first + 1 && chars[first] === key[second] && chars[second] === key[first]
  return {
    because: swapped ? 'swapped_characters' : 'wrong_characters',
    mistakes: places.map((index) => ({
      ...mistakeAt(marks, index, swapped ? 'swapped' : 'wrong'),
      expected: key.charAt(index),
    })),
    suggestion: key,
  }
}

function explainMissing(marks: readonly Mark[], textLength: number): Finding | null {
  const isGap = (index: number) => (marks[index]?.at ?? textLength) - (marks[index - 1]?.at ?? 0) > 1
  const shifts = findMissing(charsOf(marks))
  // Where nothing but one blank stands between the characters, a character was replaced by it.
  const gaps = marks.flatMap((_, index) => (index > 0 && isGap(index) ? [index] : []))
  const replaced = shifts.filter(({ places }) => gaps.length === 1 && places.some(isGap))
  const toMistake = ({ key, places }: Shift): Mistake => {
    // Of "aa" either may be missing; where something was cleaned away between two characters, it stood there.
    const index = places.find(isGap) ?? places[0] ?? 0
    const previous = marks[index - 1]
    // Stryker disable next-line OptionalChaining: there are 35 marks, which the compiler does not know
    const place = previous ? previous.at + 2 : Math.max(marks[0]?.at ?? 0, 1)
    return { what: 'missing', place, placeInKey: index + 1, expected: key.charAt(index) }
  }
  return onlyOne(replaced.length === 1 ? replaced : shifts, () => 'missing_character', toMistake)
}

function explainExtra(marks: readonly Mark[]): Finding | null {
  const shifts = findExtra(charsOf(marks))
  const what = ({ places }: Shift) => (places.length > 1 ? 'doubled' : 'extra')
  return onlyOne(
    shifts,
    (only) => `${what(only)}_character`,
    (shift) => mistakeAt(marks, shift.places.at(-1) ?? 0, what(shift)),
  )
}

function explainTwoExtra(marks: readonly Mark[]): Finding | null {
  const [only, other] = findTwoExtra(charsOf(marks))
  if (!only || other) return null
  // What a blank parts from the key is a word beside it.
  const [first = 0, second = 0] = only.places
  const isParted = (index: number) => (marks[index]?.at ?? 0) - (marks[index - 1]?.at ?? 0) > 1
  if ((first === keyLength && isParted(first)) || (second === 1 && isParted(2))) return null
  if (only.places.every((index) => !plain.test(marks[index]?.char ?? ''))) return null
  return {
    because: 'extra_characters',
    mistakes: only.places.map((index) => mistakeAt(marks, index, 'extra')),
    suggestion: only.key,
  }
}

function onlyOne(
  shifts: readonly Shift[],
  because: (only: Shift) => Reason,
  toMistake: (shift: Shift) => Mistake,
): Finding | null {
  const [only, other] = shifts
  if (!only) return null
  if (!other) return { because: because(only), mistakes: [toMistake(only)], suggestion: only.key }
  const mistakes = shifts.map((shift) => {
    const { expected: _, ...mistake } = toMistake(shift)
    return mistake
  })
  return { because: 'ambiguous', mistakes }
}

function explainStrays(marks: readonly Mark[], textLength: number): Finding | null {
  const kept = marks.filter(({ char }) => plain.test(char))
  // Stryker disable next-line ConditionalExpression: without a stray, what comes next has found nothing before
  if (kept.length === marks.length) return null
  const key = parseKey(charsOf(kept).join(''))
  const finding: Finding | null = key.ok
    ? { because: 'stray_characters', mistakes: [], suggestion: key.key }
    : explainMarks(kept, textLength)
  if (!finding) return null
  const strays = marks
    .filter(({ char }) => !plain.test(char))
    .map(({ char, at }): Mistake => ({ what: 'stray', place: at + 1, found: char }))
  return { ...finding, mistakes: [...finding.mistakes, ...strays].sort((a, b) => a.place - b.place) }
}

function explainSurrounded(text: string): Finding | null {
  const [suggestion, other] = findKeys(text.slice(0, longestSearch))
  if (suggestion === undefined) return null
  return other
    ? { because: 'several_keys', mistakes: [] }
    : { because: 'text_around', mistakes: [], suggestion }
}

function explainRest(marks: readonly Mark[]): Finding {
  const chars = charsOf(marks)
  const headHits = ['g', 'k', /[stp]/, '1'].filter((expected, index) => chars[index]?.match(expected)).length
  if (headHits < 2) return { because: 'not_a_key', mistakes: [] }
  const mistakes = chars.flatMap((char, index) => {
    if (index < headLength || isData(char)) return []
    const likely = lookAlikes[char]
    return [{ ...mistakeAt(marks, index, 'wrong'), ...(likely === undefined ? {} : { likely }) }]
  })
  if (chars.length !== keyLength) return { because: 'wrong_length', mistakes }
  return { because: mistakes.length > 0 ? 'wrong_characters' : 'wrong_checksum', mistakes }
}

function isData(char: string): boolean {
  return plain.test(char) && !(char in lookAlikes)
}

function mistakeAt(marks: readonly Mark[], index: number, what: Mistake['what']): Mistake {
  // Stryker disable next-line StringLiteral: there is a mark at each index, which the compiler does not know
  const { char = '', at = index } = marks[index] ?? {}
  return { what, place: at + 1, placeInKey: index + 1, found: char }
}

function charsOf(marks: readonly Mark[]): string[] {
  return marks.map(({ char }) => char)
}
