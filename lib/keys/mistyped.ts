import { explainKey } from '@/lib/keys/explain'
import { cleanMarks, lastFour } from '@/lib/keys/format'

const beginsAsKey = (text: string) =>
  /^gk[stp]1/.test(
    cleanMarks(text)
      .map(({ char }) => char)
      .join(''),
  )

/**
 * What is wrong with a key that was typed into a search box: why, and the place; with what finds the key that was meant.
 * Null where it is no key at all, or a right one.
 */
export function mistypedKey(text: string): { q: string; mistyped: string; place: string } | null {
  const said = explainKey(text)
  if (said.ok) return null
  // Many a GLPI is called glpi-something, which is not far from a key's beginning.
  if (!said.suggestion && !beginsAsKey(text)) return null
  const [first] = said.mistakes
  return {
    q: said.suggestion ? lastFour(said.suggestion) : '',
    mistyped: said.because,
    place: String(first?.placeInKey ?? first?.place ?? 0),
  }
}
