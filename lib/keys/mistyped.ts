import { explainKey } from '@/lib/keys/explain'
import { cleanMarks, lastFour } from '@/lib/keys/format'

const beginsAsKey = (text: string) =>
  /^gk[stp]1/.test(
    cleanMarks(text)
      .map(({ char }) => char)
      .join(''),
  )

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
  if (!said.suggestion && !beginsAsKey(text)) return null
  const [place = '0', also] = said.mistakes.map((mistake) => String(mistake.placeInKey ?? mistake.place))
  return {
    q: said.suggestion ? lastFour(said.suggestion) : '',
    mistyped: said.because,
    place,
    ...(also && { also }),
  }
}
