import { bech32m } from '@scure/base'
import { alphabet, keyLength, prefixes } from '@/lib/keys/checksum'

export type Kind = keyof typeof prefixes

export type ParsedKey =
  | { ok: true; key: string; kind: Kind }
  | { ok: false; because: 'empty' | 'too_long' | 'not_a_key' | 'wrong_length' | 'wrong_checksum' }

/** A character that cleaning left, and its 0-based place (in code points) in the text it came from. */
export type Mark = { char: string; at: number }

// More than any page of a letter with one key on it; bounds the work that a stranger can cause.
const longestPaste = 2_000
// \p{Pi} and \p{Pf} are quotes, \p{Cf} and \p{DI} what nobody sees (zero-width, byte-order mark, soft hyphen),
// U+2800 a blank Braille cell.
const dropped = /[\s\p{Z}\p{Cc}\p{Cf}\p{DI}\p{Pi}\p{Pf}\u2800"'`´‚„′″〝〞〟＂＇]/u
const punctuation = /[\p{P}\p{S}]/u
// Blanks and apostrophes are gone when this is asked: "Clé d'enregistrement :" has become "clédenregistrement:".
const label =
  /^(?:(?:registration|licen[cs]e|activation)?key|cl(?:e\u0301?|é|É)(?:denregistrement|delicence|dactivation)?)(?:[:=：]|(?=gk[stp]1))/
const dataChar = `[${alphabet}${alphabet.toUpperCase()}]`
// Not by the flags "iu": with them, k also matches the Kelvin sign and s the long s.
const keyAmongLetters = new RegExp(`[gG][kK][sStTpP]1${dataChar}{32}`, 'g')
/** What may stand between the characters of a key, however often: all but letters and digits, and letters that nobody sees. */
const between = /[^\p{L}\p{N}]|\p{DI}/u
const hidden = '••••'

/** Makes a key from 130 random bits (DESIGN §5; ASVS 5.0, 11.5.1 asks for 128). */
export function generateKey(kind: Kind): string {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(26))
  const words = Array.from(bytes, (byte) => byte & 31)
  return bech32m.encode(prefixes[kind], words)
}

/**
 * Takes away what a paste brings along: capitals, blanks, line breaks, invisible characters and quotes anywhere,
 * a label such as `Key:` in front, punctuation at both ends. Cleaning what is clean changes nothing.
 */
export function cleanKey(text: string): string {
  return textOf(cleanMarks(text))
}

/** Cleans like `cleanKey`, and remembers where each character stood. */
export function cleanMarks(text: string): Mark[] {
  const marks: Mark[] = []
  let at = 0
  for (const char of text) {
    // Only A to Z, before which there are no letters: other capitals are no part of a key, and some become two characters.
    if (!dropped.test(char)) marks.push({ char: char <= 'Z' ? char.toLowerCase() : char, at })
    at++
  }
  const isPunctuation = (index: number) => punctuation.test(marks[index]?.char ?? '')
  let start = 0
  let end = marks.length
  while (isPunctuation(end - 1)) end--
  let before: number
  do {
    before = start
    while (isPunctuation(start)) start++
    const beginning = textOf(marks.slice(start, Math.min(end, start + 40)))
    start += [...(label.exec(beginning)?.[0] ?? '')].length
  } while (before !== start)
  return marks.slice(start, end)
}

function textOf(marks: readonly Mark[]): string {
  return marks.map(({ char }) => char).join('')
}

/** Reads a key as it was pasted, or cleaned. Does not know whether such a key was ever issued. */
export function parseKey(text: string): ParsedKey {
  if (text.length > longestPaste) return { ok: false, because: 'too_long' }
  const key = cleanKey(text)
  if (key === '') return { ok: false, because: 'empty' }
  const kind = kindOf(key)
  if (!kind) return { ok: false, because: 'not_a_key' }
  if (key.length !== keyLength) return { ok: false, because: 'wrong_length' }
  if (bech32m.decodeUnsafe(key)?.prefix !== prefixes[kind]) return { ok: false, because: 'wrong_checksum' }
  return { ok: true, key, kind }
}

function kindOf(key: string): Kind | null {
  if (key.startsWith('gks1')) return 'subscription'
  if (key.startsWith('gkt1')) return 'trial'
  return key.startsWith('gkp1') ? 'permanent' : null
}

/** Cuts a key into groups of four, for the page to set apart by margin. */
export function groups(key: string): string[] {
  return key.match(/.{1,4}/gsu) ?? []
}

export function lastFour(key: string): string {
  return key.slice(-4)
}

/** The last four characters of a key as people type them, also with the dots that stand before them on the pages; null for other text. */
export function typedLastFour(text: string): string | null {
  // Stryker disable next-line OptionalChaining: what matches has its group, which the compiler does not know
  return /^\s*(?:…|\.{3})?([a-z0-9]{4})\s*$/i.exec(text)?.[1]?.toLowerCase() ?? null
}

/** The groups of a key of which only kind and end are to be seen. */
export function maskedGroups(lastFour: string, kind: Kind): string[] {
  return [`${prefixes[kind]}1`, ...Array<string>(7).fill(hidden), lastFour]
}

/**
 * Finds the whole keys in free text, also in capitals, in full-width letters, cut into groups that stand anyhow far apart,
 * wrapped over lines or run together with other words. Each is returned once, cleaned, in the order of the text.
 */
export function findKeys(text: string): string[] {
  const keys = new Set<string>()
  replaceKeys(text, (key) => {
    keys.add(key)
    // Stryker disable next-line StringLiteral: the text that it is put into is not looked at
    return ''
  })
  return [...keys]
}

/** Whether a whole key stands in a text, also as an address writes it (`%67ks1…`): where it is none of ours to keep. */
export const holdsKey = (text: string): boolean => findKeys(decoded(text)).length > 0

/** As an address writes it, piece by piece, so that what is no such writing hides nothing beside it. */
export const decoded = (text: string) =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (piece) => {
    try {
      return decodeURIComponent(piece)
    } catch {
      return piece
    }
  })

/**
 * Puts something else, such as the short ID, in the place of each whole key in a free text. Takes a time that grows with
 * the text, and not with its square, whatever stands in it.
 * @param replace is given the cleaned key
 */
export function replaceKeys(text: string, replace: (key: string) => string): string {
  const { letters, starts, ends } = lettersOf(text)
  const search = new RegExp(keyAmongLetters)
  let result = ''
  let end = 0
  for (let match = search.exec(letters); match; match = search.exec(letters)) {
    const parsed = parseKey(match[0])
    if (parsed.ok) {
      result += text.slice(end, starts[match.index]) + replace(parsed.key)
      end = ends[search.lastIndex - 1] ?? text.length
    } else {
      // A key that was cut off can run into a whole one: "gks1qqq…gks1…".
      search.lastIndex = match.index + 1
    }
  }
  return result + text.slice(end)
}

/** The letters and digits of a text, run together, each with where it starts and ends there. */
function lettersOf(text: string) {
  const starts: number[] = []
  const ends: number[] = []
  let letters = ''
  let at = 0
  for (const char of text) {
    // Full-width letters are the same letters to whoever copies them (UAX #15).
    // Stryker disable next-line ConditionalExpression,EqualityOperator,StringLiteral: ASCII is normal; asking first is only faster
    for (const letter of char < '\u0080' ? char : char.normalize('NFKC')) {
      if (between.test(letter)) continue
      letters += letter
      for (let unit = 0; unit < letter.length; unit++) {
        starts.push(at)
        ends.push(at + char.length)
      }
    }
    at += char.length
  }
  return { letters, starts, ends }
}
