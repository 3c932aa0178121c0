import { keyLength } from '@/lib/keys/checksum'
import { explainKey, type KeyExplanation, type Mistake } from '@/lib/keys/explain'
import { cleanKey, cleanMarks, findKeys } from '@/lib/keys/format'
import { isPiece } from '@/lib/keys/mistyped'

/** A key that was changed or cut on its way, and what of it stands in the text. */
export interface ChangedKey {
  /** Their places count in the key; that of a stray character is the one after which it stands. */
  mistakes: Mistake[]
  /** The only key that fits. */
  suggestion?: string
  /** Of one that has another length, and nobody can say where; `begins`: what is there is its beginning. */
  cut: { length: number; begins: boolean } | null
}

type Explained = Extract<KeyExplanation, { ok: false }>
type Run = { text: string; isKeys: boolean }

/** Of the four characters that a key begins with one may be wrong: by two alone many a word begins so, GLPI above all. */
const begins = /^(?:gk[stp].|gk.1|g.[stp]1|.k[stp]1)/i
/** Within a text: less is said about keys ("it begins with gks1"), and is none. */
const shortestPiece = 8
/** So that what is pasted takes no longer than it is read, whatever it is made of. */
const mostTried = 400
/** Groups of four, of which breaks and blanks make more. */
const mostParts = 14

/**
 * Finds the key that a text holds changed or cut: as all of it, as one of its words, or as a run of them where a mail or a
 * blank broke it. Null where there is none.
 */
export function changedKeyIn(pasted: string): ChangedKey | null {
  const whole = explainKey(pasted)
  if (whole.ok) return null
  const words = pasted.match(/\S{4,}/g) ?? []
  const runs = runsOf(pasted)
  const certain = surelyIn([pasted]) ?? surelyIn(words) ?? surelyIn(runs.map(({ text }) => text))
  if (certain) return { mistakes: certain.mistakes, suggestion: certain.suggestion ?? '', cut: null }
  if (isOne(pasted)) return pieceIn([pasted], 1)
  return pieceIn([...words, ...runs.filter(({ isKeys }) => isKeys).map(({ text }) => text)], shortestPiece)
}

/** Whether a key stands in a text, but with a character or two too many, so that no GLPI takes it. */
export function isKeyWithExtra(pasted: string): boolean {
  const isExtra = (text: string) => {
    const said = explainKey(text)
    return !said.ok && extra.has(said.because)
  }
  const holding = pasted.match(/\S{37,60}/g)?.filter((word) => findKeys(word).length > 0) ?? []
  return isExtra(pasted) || (holding.length > 0 && holding.every(isExtra))
}

const extra: ReadonlySet<string> = new Set(['extra_character', 'extra_characters', 'doubled_character'])

function surelyIn(texts: readonly string[]): Explained | null {
  const long = texts.filter(({ length }) => length >= keyLength - 1)
  for (const text of long.slice(0, mostTried)) {
    const said = explainKey(text)
    if (!said.ok && said.suggestion && said.because !== 'text_around')
      return { ...said, mistakes: placesInKey(text, said.mistakes) }
  }
  return null
}

/** Where the key stands in what was pasted is nobody's question: in a mail, the paste is not counted by anybody. */
function placesInKey(text: string, mistakes: readonly Mistake[]): Mistake[] {
  const own = cleanMarks(text).filter(({ char }) => /[a-z0-9]/.test(char))
  const before = (place: number) => own.filter(({ at }) => at < place - 1).length
  return mistakes.map((mistake) => ({ ...mistake, place: mistake.placeInKey ?? before(mistake.place) }))
}

/** The longest that is one by its beginning, or by twenty characters of its kind. */
function pieceIn(texts: readonly string[], least: number): ChangedKey | null {
  const pieces = texts
    .map(cleanKey)
    .filter((text) => text.length >= least && (begins.test(text) || isPiece(text)))
  const [piece] = pieces.sort((one, other) => other.length - one.length)
  if (!piece) return null
  const said = explainKey(piece)
  const mistakes = said.ok ? [] : placesInKey(piece, said.mistakes)
  const isShort = piece.length < keyLength - 1
  const isCut = isShort || (piece.length !== keyLength && mistakes.length === 0)
  return { mistakes, cut: isCut ? { length: piece.length, begins: begins.test(piece) } : null }
}

/** Whether all that was pasted is one key: a word, or its groups. */
function isOne(pasted: string): boolean {
  const words = pasted.trim().split(/\s+/)
  return (
    words.length === 1 ||
    (begins.test(words[0] ?? '') && words.every((word) => word.length === 4 || isData(word)))
  )
}

/** From each beginning of a key on, the words that may belong to it, run together over what is no letter or digit. */
function runsOf(pasted: string): Run[] {
  const words = pasted.match(/[\p{L}\p{N}]+/gu) ?? []
  const starts = words.flatMap((word, index) => (begins.test(word) ? [index] : []))
  return starts.slice(0, mostParts).flatMap((start) => {
    const runs: Run[] = []
    let text = words[start] ?? ''
    let isKeys = true
    for (const next of words.slice(start + 1, start + mostParts)) {
      text += next
      isKeys &&= isData(next)
      if (text.length > keyLength + 1) break
      runs.push({ text, isKeys })
    }
    return runs
  })
}

/** What keys are made of; with a digit it is hardly a word of the sentence. */
const isData = (word: string) => /^(?=.*\d)[02-9ac-hj-np-z]+$/i.test(word)
