import { explainKey } from '@/lib/keys/explain'
import { cleanMarks, lastFour } from '@/lib/keys/format'

/** Whether a text begins as keys do, whatever follows. */
export const beginsAsKey = (text: string) =>
  /^gk[stp]1/.test(
    cleanMarks(text)
      .map(({ char }) => char)
      .join(''),
  )

/**
 * Whether a text in which no key of ours stands is none of another format either: there is nothing in it, or more than a
 * key, or it is one of ours with a mistake.
 */
export function isNoKey(text: string): boolean {
  const said = explainKey(text)
  if (said.ok) return false
  const { because, suggestion } = said
  return (
    ['empty', 'too_long', 'several_keys'].includes(because) || suggestion !== undefined || beginsAsKey(text)
  )
}

/**
 * A piece of one, without its beginning: in one run twenty characters that keys are made of (BIP-350 leaves out b, i, o
 * and 1), a digit among them. No name or address that somebody searches for is like that.
 */
export const isPiece = (text: string) => /^(?=.*\d)[02-9ac-hj-np-z]{20,}$/i.test(text.trim())

/** As an address says it, since it is led to: `also` is the second place, where there is one. */
type Mistyped = { q: string; mistyped: string; place: string; also?: string }

/**
 * What is wrong with a key that was typed into a search box: why, and the place; with what finds the key that was meant.
 * Null where it is no key at all, or a right one.
 */
export function mistypedKey(text: string): Mistyped | null {
  const said = explainKey(text)
  if (said.ok) return null
  // Many a GLPI is called glpi-something, which is not far from a key's beginning.
  if (!said.suggestion && isPiece(text)) return { q: '', mistyped: 'wrong_length', place: '0' }
  if (!said.suggestion && !beginsAsKey(text)) return null
  const [place = '0', also] = said.mistakes.map((mistake) => String(mistake.placeInKey ?? mistake.place))
  return {
    q: said.suggestion ? lastFour(said.suggestion) : '',
    mistyped: said.because,
    place,
    ...(also && { also }),
  }
}
